import * as v from 'valibot'
import { route } from './route.ts'
import { envelope, identifier, text } from './schema.ts'

/** Actions of one resource; `["*"]` is every action of it. */
export interface PolicyRolePermission {
  resource_id: string
  actions: string[]
}

export interface PolicyRole {
  role_id: string
  description: string
  permissions: PolicyRolePermission[]
}

export interface PolicyResource {
  resource_id: string
  description: string
  actions: string[]
}

export interface PolicyScope {
  scope: string
  description: string
  permissions: PolicyRolePermission[]
}

/** What roles may do in a project. */
export interface Policy {
  roles: PolicyRole[]
  resources: PolicyResource[]
  scopes: PolicyScope[]
}

/** Roles of one organization, beside those of the project. */
export interface OrgPolicy {
  roles: PolicyRole[]
}

export interface B2BRBACPolicyResponse {
  request_id: string
  status_code: number
  policy?: Policy
}

export interface B2BRBACOrganizationsGetOrgPolicyRequest {
  organization_id: string
}

export interface B2BRBACOrganizationsGetOrgPolicyResponse {
  request_id: string
  status_code: number
  org_policy: OrgPolicy
}

export interface B2BRBACOrganizationsSetOrgPolicyRequest {
  organization_id: string
  /** Replaces all roles of the organization. */
  org_policy: OrgPolicy
}

export type B2BRBACOrganizationsSetOrgPolicyResponse = B2BRBACOrganizationsGetOrgPolicyResponse

const actions = v.pipe(v.array(text(128)), v.maxLength(1000))

const permission: v.GenericSchema<unknown, PolicyRolePermission> = v.object({
  resource_id: text(128),
  actions
})

const description = v.optional(v.pipe(v.string(), v.maxLength(1024)), '')

export const policyRole: v.GenericSchema<unknown, PolicyRole> = v.object({
  role_id: text(128),
  description,
  permissions: v.pipe(v.array(permission), v.maxLength(1000))
})

export const policyResource: v.GenericSchema<unknown, PolicyResource> = v.object({
  resource_id: text(128),
  description,
  actions
})

const policyScope: v.GenericSchema<unknown, PolicyScope> = v.object({
  scope: text(128),
  description,
  permissions: v.array(permission)
})

const roles = v.pipe(v.array(policyRole), v.maxLength(1000))

export const policy: v.GenericSchema<unknown, Policy> = v.object({
  roles,
  resources: v.pipe(v.array(policyResource), v.maxLength(1000)),
  scopes: v.optional(v.array(policyScope), [])
})

export const orgPolicy: v.GenericSchema<unknown, OrgPolicy> = v.object({ roles })

/** What a guard reads of policies; other members stay as they came. */
const guardedOrgPolicy: v.GenericSchema<unknown, B2BRBACOrganizationsGetOrgPolicyResponse> =
  v.looseObject({ ...envelope, org_policy: orgPolicy })

const guardedPolicy: v.GenericSchema<unknown, B2BRBACPolicyResponse> = v.looseObject({
  ...envelope,
  policy
})

const policyResponse: v.GenericSchema<unknown, B2BRBACPolicyResponse> = v.object({
  ...envelope,
  policy
})

const orgPolicyResponse: v.GenericSchema<unknown, B2BRBACOrganizationsGetOrgPolicyResponse> =
  v.object({ ...envelope, org_policy: orgPolicy })

const policyRequest: v.GenericSchema<unknown, Record<never, never>> = v.object({})

const getOrgPolicyRequest: v.GenericSchema<unknown, B2BRBACOrganizationsGetOrgPolicyRequest> =
  v.object({ organization_id: identifier })

const setOrgPolicyRequest: v.GenericSchema<unknown, B2BRBACOrganizationsSetOrgPolicyRequest> =
  v.object({ organization_id: identifier, org_policy: orgPolicy })

export const rbacRoutes = {
  policy: route('GET', '/v1/b2b/rbac/policy', {
    request: policyRequest,
    response: policyResponse,
    guarded: guardedPolicy
  }),
  organizations: {
    getOrgPolicy: route('GET', '/v1/b2b/rbac/organizations/{organization_id}', {
      request: getOrgPolicyRequest,
      response: orgPolicyResponse,
      guarded: guardedOrgPolicy
    }),
    setOrgPolicy: route('PUT', '/v1/b2b/rbac/organizations/{organization_id}', {
      request: setOrgPolicyRequest,
      response: orgPolicyResponse,
      guarded: guardedOrgPolicy
    })
  }
}
