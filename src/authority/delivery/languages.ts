import type { Locale } from './delivery.ts'

/** What a link or a code is good for. `action` is an infinitive; `{organization}` takes the name of the organization. */
interface Purpose {
  readonly subject: string
  readonly subjectOf: string
  readonly action: string
}

export interface Language {
  readonly sms: string
  readonly link: string
  readonly code: string
  readonly linkExpires: string
  readonly codeExpires: string
  readonly unexpected: string
  readonly purposes: {
    readonly login: Purpose
    readonly signup: Purpose
    readonly invite: Purpose
    readonly reset_password: Purpose
    readonly email_update: Purpose
  }
}

export const languages: Readonly<Record<Locale, Language>> = {
  en: {
    sms: 'Your verification code is {code}. Do not share it with anyone.',
    link: 'Follow this link to {action}:',
    code: 'Enter this code to {action}:',
    linkExpires: 'The link works once and expires in {duration}. Do not share it.',
    codeExpires: 'The code works once and expires in {duration}. Do not share it.',
    unexpected: 'If you did not expect this message, ignore it.',
    purposes: {
      login: { subject: 'Sign in', subjectOf: 'Sign in to {organization}', action: 'sign in' },
      signup: {
        subject: 'Create your account',
        subjectOf: 'Create your account at {organization}',
        action: 'create your account'
      },
      invite: {
        subject: 'You are invited',
        subjectOf: 'You are invited to {organization}',
        action: 'accept the invitation'
      },
      reset_password: {
        subject: 'Set a new password',
        subjectOf: 'Set a new password for {organization}',
        action: 'set a new password'
      },
      email_update: {
        subject: 'Confirm your new e-mail address',
        subjectOf: 'Confirm your new e-mail address for {organization}',
        action: 'confirm your new e-mail address'
      }
    }
  },
  es: {
    sms: 'Tu código de verificación es {code}. No lo compartas con nadie.',
    link: 'Abre este enlace para {action}:',
    code: 'Introduce este código para {action}:',
    linkExpires: 'El enlace funciona una sola vez y caduca en {duration}. No lo compartas.',
    codeExpires: 'El código funciona una sola vez y caduca en {duration}. No lo compartas.',
    unexpected: 'Si no esperabas este mensaje, ignóralo.',
    purposes: {
      login: {
        subject: 'Inicia sesión',
        subjectOf: 'Inicia sesión en {organization}',
        action: 'iniciar sesión'
      },
      signup: {
        subject: 'Crea tu cuenta',
        subjectOf: 'Crea tu cuenta en {organization}',
        action: 'crear tu cuenta'
      },
      invite: {
        subject: 'Tienes una invitación',
        subjectOf: 'Tienes una invitación a {organization}',
        action: 'aceptar la invitación'
      },
      reset_password: {
        subject: 'Elige una contraseña nueva',
        subjectOf: 'Elige una contraseña nueva para {organization}',
        action: 'elegir una contraseña nueva'
      },
      email_update: {
        subject: 'Confirma tu nuevo correo electrónico',
        subjectOf: 'Confirma tu nuevo correo electrónico para {organization}',
        action: 'confirmar tu nuevo correo electrónico'
      }
    }
  },
  'pt-br': {
    sms: 'Seu código de verificação é {code}. Não o compartilhe com ninguém.',
    link: 'Abra este link para {action}:',
    code: 'Digite este código para {action}:',
    linkExpires: 'O link funciona uma única vez e expira em {duration}. Não o compartilhe.',
    codeExpires: 'O código funciona uma única vez e expira em {duration}. Não o compartilhe.',
    unexpected: 'Se você não esperava esta mensagem, ignore-a.',
    purposes: {
      login: { subject: 'Entre', subjectOf: 'Entre em {organization}', action: 'entrar' },
      signup: {
        subject: 'Crie sua conta',
        subjectOf: 'Crie sua conta em {organization}',
        action: 'criar sua conta'
      },
      invite: {
        subject: 'Você recebeu um convite',
        subjectOf: 'Você recebeu um convite para {organization}',
        action: 'aceitar o convite'
      },
      reset_password: {
        subject: 'Defina uma nova senha',
        subjectOf: 'Defina uma nova senha para {organization}',
        action: 'definir uma nova senha'
      },
      email_update: {
        subject: 'Confirme seu novo e-mail',
        subjectOf: 'Confirme seu novo e-mail para {organization}',
        action: 'confirmar seu novo e-mail'
      }
    }
  },
  fr: {
    sms: 'Votre code de vérification est {code}. Ne le communiquez à personne.',
    link: 'Ouvrez ce lien pour {action} :',
    code: 'Saisissez ce code pour {action} :',
    linkExpires: 'Le lien fonctionne une seule fois et expire dans {duration}. Ne le partagez pas.',
    codeExpires: 'Le code fonctionne une seule fois et expire dans {duration}. Ne le partagez pas.',
    unexpected: 'Si vous n’attendiez pas ce message, ignorez-le.',
    purposes: {
      login: {
        subject: 'Connexion',
        subjectOf: 'Connexion à {organization}',
        action: 'vous connecter'
      },
      signup: {
        subject: 'Créez votre compte',
        subjectOf: 'Créez votre compte chez {organization}',
        action: 'créer votre compte'
      },
      invite: {
        subject: 'Vous êtes invité',
        subjectOf: 'Vous êtes invité à rejoindre {organization}',
        action: 'accepter l’invitation'
      },
      reset_password: {
        subject: 'Choisissez un nouveau mot de passe',
        subjectOf: 'Choisissez un nouveau mot de passe pour {organization}',
        action: 'choisir un nouveau mot de passe'
      },
      email_update: {
        subject: 'Confirmez votre nouvelle adresse e-mail',
        subjectOf: 'Confirmez votre nouvelle adresse e-mail pour {organization}',
        action: 'confirmer votre nouvelle adresse e-mail'
      }
    }
  }
}
