import type { Locale, NoticeKind } from './delivery.ts'

/** What a link or a code is good for. `action` is an infinitive; `{organization}` takes the name of the organization. */
interface Purpose {
  readonly subject: string
  readonly subjectOf: string
  readonly action: string
}

/** What has happened. `{organization}` takes the name of the organization. */
interface NoticeTexts {
  readonly subject: string
  readonly subjectOf: string
  readonly happened: string
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
  readonly notices: Readonly<Record<NoticeKind, NoticeTexts>>
  readonly expected: string
  readonly notExpected: string
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
    },
    notices: {
      email_changed: {
        subject: 'Your e-mail address was changed',
        subjectOf: 'Your e-mail address at {organization} was changed',
        happened: 'Your account has another e-mail address now. This one signs in no more.'
      },
      password_changed: {
        subject: 'A new password was set',
        subjectOf: 'A new password was set at {organization}',
        happened: 'A new password was set for your account.'
      },
      password_removed: {
        subject: 'Your password was removed',
        subjectOf: 'Your password at {organization} was removed',
        happened: 'The password of your account was removed.'
      },
      mfa_added: {
        subject: 'A second factor was added',
        subjectOf: 'A second factor was added at {organization}',
        happened: 'A second factor was added to your account.'
      },
      mfa_removed: {
        subject: 'A second factor was removed',
        subjectOf: 'A second factor was removed at {organization}',
        happened: 'A second factor of your account was removed or turned off.'
      },
      recovery_code_used: {
        subject: 'A recovery code was used',
        subjectOf: 'A recovery code was used at {organization}',
        happened: 'One of the recovery codes of your account was used to sign in.'
      },
      unlocked: {
        subject: 'Your account was unlocked',
        subjectOf: 'Your account at {organization} was unlocked',
        happened: 'Your account was locked after wrong attempts, and was unlocked.'
      }
    },
    expected: 'If this was you, there is nothing to do.',
    notExpected: 'If it was not you, tell an administrator of your organization at once.'
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
    },
    notices: {
      email_changed: {
        subject: 'Se cambió tu correo electrónico',
        subjectOf: 'Se cambió tu correo electrónico en {organization}',
        happened:
          'Tu cuenta tiene ahora otro correo electrónico. Con este ya no se puede iniciar sesión.'
      },
      password_changed: {
        subject: 'Se estableció una contraseña nueva',
        subjectOf: 'Se estableció una contraseña nueva en {organization}',
        happened: 'Se estableció una contraseña nueva para tu cuenta.'
      },
      password_removed: {
        subject: 'Se eliminó tu contraseña',
        subjectOf: 'Se eliminó tu contraseña en {organization}',
        happened: 'Se eliminó la contraseña de tu cuenta.'
      },
      mfa_added: {
        subject: 'Se añadió un segundo factor',
        subjectOf: 'Se añadió un segundo factor en {organization}',
        happened: 'Se añadió un segundo factor a tu cuenta.'
      },
      mfa_removed: {
        subject: 'Se eliminó un segundo factor',
        subjectOf: 'Se eliminó un segundo factor en {organization}',
        happened: 'Se eliminó o se desactivó un segundo factor de tu cuenta.'
      },
      recovery_code_used: {
        subject: 'Se usó un código de recuperación',
        subjectOf: 'Se usó un código de recuperación en {organization}',
        happened: 'Alguien inició sesión en tu cuenta con uno de sus códigos de recuperación.'
      },
      unlocked: {
        subject: 'Se desbloqueó tu cuenta',
        subjectOf: 'Se desbloqueó tu cuenta en {organization}',
        happened: 'Tu cuenta estaba bloqueada por intentos fallidos y se desbloqueó.'
      }
    },
    expected: 'Si fuiste tú, no tienes que hacer nada.',
    notExpected: 'Si no fuiste tú, avisa enseguida a un administrador de tu organización.'
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
    },
    notices: {
      email_changed: {
        subject: 'Seu e-mail foi alterado',
        subjectOf: 'Seu e-mail em {organization} foi alterado',
        happened: 'Sua conta tem agora outro e-mail. Com este não é mais possível entrar.'
      },
      password_changed: {
        subject: 'Uma nova senha foi definida',
        subjectOf: 'Uma nova senha foi definida em {organization}',
        happened: 'Uma nova senha foi definida para sua conta.'
      },
      password_removed: {
        subject: 'Sua senha foi removida',
        subjectOf: 'Sua senha em {organization} foi removida',
        happened: 'A senha da sua conta foi removida.'
      },
      mfa_added: {
        subject: 'Um segundo fator foi adicionado',
        subjectOf: 'Um segundo fator foi adicionado em {organization}',
        happened: 'Um segundo fator foi adicionado à sua conta.'
      },
      mfa_removed: {
        subject: 'Um segundo fator foi removido',
        subjectOf: 'Um segundo fator foi removido em {organization}',
        happened: 'Um segundo fator da sua conta foi removido ou desativado.'
      },
      recovery_code_used: {
        subject: 'Um código de recuperação foi usado',
        subjectOf: 'Um código de recuperação foi usado em {organization}',
        happened: 'Alguém entrou na sua conta com um dos códigos de recuperação.'
      },
      unlocked: {
        subject: 'Sua conta foi desbloqueada',
        subjectOf: 'Sua conta em {organization} foi desbloqueada',
        happened: 'Sua conta estava bloqueada por tentativas incorretas e foi desbloqueada.'
      }
    },
    expected: 'Se foi você, não é preciso fazer nada.',
    notExpected: 'Se não foi você, avise imediatamente um administrador da sua organização.'
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
    },
    notices: {
      email_changed: {
        subject: 'Votre adresse e-mail a été modifiée',
        subjectOf: 'Votre adresse e-mail chez {organization} a été modifiée',
        happened:
          'Votre compte a maintenant une autre adresse e-mail. Celle-ci ne permet plus de se connecter.'
      },
      password_changed: {
        subject: 'Un nouveau mot de passe a été défini',
        subjectOf: 'Un nouveau mot de passe a été défini chez {organization}',
        happened: 'Un nouveau mot de passe a été défini pour votre compte.'
      },
      password_removed: {
        subject: 'Votre mot de passe a été supprimé',
        subjectOf: 'Votre mot de passe chez {organization} a été supprimé',
        happened: 'Le mot de passe de votre compte a été supprimé.'
      },
      mfa_added: {
        subject: 'Un second facteur a été ajouté',
        subjectOf: 'Un second facteur a été ajouté chez {organization}',
        happened: 'Un second facteur a été ajouté à votre compte.'
      },
      mfa_removed: {
        subject: 'Un second facteur a été supprimé',
        subjectOf: 'Un second facteur a été supprimé chez {organization}',
        happened: 'Un second facteur de votre compte a été supprimé ou désactivé.'
      },
      recovery_code_used: {
        subject: 'Un code de récupération a été utilisé',
        subjectOf: 'Un code de récupération a été utilisé chez {organization}',
        happened: 'Quelqu’un s’est connecté à votre compte avec l’un de ses codes de récupération.'
      },
      unlocked: {
        subject: 'Votre compte a été déverrouillé',
        subjectOf: 'Votre compte chez {organization} a été déverrouillé',
        happened:
          'Votre compte était verrouillé après des tentatives erronées, et a été déverrouillé.'
      }
    },
    expected: 'Si c’était vous, vous n’avez rien à faire.',
    notExpected:
      'Si ce n’était pas vous, prévenez tout de suite un administrateur de votre organisation.'
  }
}
