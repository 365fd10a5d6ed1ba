brand-secured = Sécurisé par Latchkey
brand-test = Test
brand-close = Fermer
brand-back = Retour
brand-reference = Référence
brand-fallback-app = l’application
brand-fallback-service = le service
brand-keeper = Latchkey
brand-copy-reference = Copier la référence { $reference }
brand-copy-text = Copier ce texte
brand-copied = Copié
brand-privacy = Confidentialité
brand-terms = Conditions d’utilisation

offline-title = Vous êtes hors ligne
offline-text = Vous êtes hors ligne. La suite reprendra au retour de la connexion.

loading-title = Chargement
loading-token = Demande d’autorisation de connexion à { $app }
loading-session = Chargement des services
loading-form = Chargement de { $service }
loading-slow = C’est plus long que d’habitude.
loading-give-up = Fermer

pick-title = Connecter un service
pick-lead = Choisissez ce que { $app } peut utiliser.
pick-search = Rechercher un service
pick-all = Tous
pick-own = Vos connexions ({ $count })
pick-connected = Connecté
pick-connected-count =
    { $count ->
        [one] { $count } connecté
       *[other] { $count } connectés
    }
pick-none = Aucun résultat pour « { $query } ».
pick-clear = Effacer la recherche
pick-results =
    { $count ->
        [one] { $count } service
       *[other] { $count } services
    }
pick-list = Liste des services
pick-categories = Catégories

category-accounting = Comptabilité
category-ai = IA
category-analytics = Analyse
category-calendar = Agenda
category-chat = Messagerie
category-communication = Communication
category-crm = CRM
category-development = Développement
category-email = E-mail
category-files = Fichiers
category-hr = RH
category-identity = Identité
category-marketing = Marketing
category-payments = Paiements
category-productivity = Productivité
category-sales = Ventes
category-support = Assistance

empty-title = Rien à connecter pour l’instant
empty-text =
    { $environment ->
        [test] { $app } n’a activé aucun service dans son environnement de test. L’équipe de { $app } peut en ajouter un.
       *[other] { $app } n’a activé aucun service. L’équipe de { $app } peut en ajouter un.
    }

explain-title = Connecter { $service }
explain-reconnect-title = Reconnecter { $service }
explain-reconnect-reason = La connexion à { $service } ne fonctionne plus.
explain-reconnect-refused = { $service } n’accepte plus cette connexion.
explain-reconnect-keeps = Reconnectez-le, et { $app } reprendra là où il s’est arrêté.
explain-account = Utilisez le même compte { $service } qu’avant : { $account }. Tout autre compte est refusé.
explain-permission = Utiliser l’autorisation « { $scope } »
explain-keeps = { $keeper } conserve l’accès chiffré et ne s’en sert que pour { $app }. Vous pouvez y mettre fin dans vos réglages { $service }.
explain-keeps-unnamed = L’accès est conservé chiffré et ne sert que pour { $app }. Vous pouvez y mettre fin dans vos réglages { $service }.
explain-lead = { $app } demande à utiliser votre compte { $service }.
explain-access = { $app } pourra
explain-owner = La connexion appartiendra à { $owner }
explain-promise = { $service } s’ouvre dans sa propre fenêtre. { $app } ne voit jamais votre mot de passe.
explain-promise-same-tab = { $service } s’ouvre dans cet onglet, puis vous ramène ici. { $app } ne voit jamais votre mot de passe.
explain-promise-code = Vous saisissez un code sur la page de { $service }. { $app } ne voit jamais votre mot de passe.
explain-key-promise = Conservé chiffré et utilisé uniquement pour { $app }.
explain-button = Connecter { $service }
explain-reconnect-button = Reconnecter { $service }
explain-docs = Ce que signifient ces autorisations
explain-policies = Comment { $app } traite vos données :
explain-other = Autre moyen : { $method }

form-name = Nom de cette connexion
form-name-help = Pour distinguer deux comptes. Vous pouvez laisser ce champ vide.
form-optional = facultatif
form-find-short = Où le trouver ?
form-reveal = Afficher
form-conceal = Masquer
form-reveal-label = Afficher : { $label }
form-conceal-label = Masquer : { $label }
form-required = Champ à remplir : { $label }.
form-pattern = Cela ne ressemble pas à « { $label } ». Vérifiez que tout a été copié.
form-characters = « { $label } » contient un caractère qui ne peut pas être envoyé. Copiez la valeur à nouveau.
form-choose = Choisissez
form-other = Autre adresse
form-checking = Vérification auprès de { $service }
form-refused = { $service } a refusé cette valeur. Vérifiez-la et réessayez.
form-stop = Ne plus attendre

waiting-title = Continuez dans la fenêtre de { $service }
waiting-text = Connectez-vous à { $service } dans cette fenêtre. Cette page continue d’elle-même.
waiting-closed = Vous avez fermé la fenêtre de { $service } ?
waiting-no-window = Vous ne voyez pas de fenêtre ?
waiting-reopen = La rouvrir
waiting-cancel = Annuler
waiting-other = Utiliser un autre moyen
waiting-code-title = Saisissez ce code dans l’autre fenêtre
waiting-code-text = Il montre que les deux fenêtres sont à vous.
waiting-code-label = Le code est { $code }

code-title = Saisissez ce code sur { $service }
code-text = Ouvrez la page de { $service } et vérifiez qu’elle affiche ce code, ou saisissez-le. Cette page continue d’elle-même.
code-open = Ouvrir la page de { $service }
code-copy = Copier le code
code-copied = Copié
code-elsewhere = Sur un autre appareil : { $address }
code-left = Temps restant : { $time }
code-minute = Le code est encore valable une minute.

redirecting-title = Ouverture de { $service }
redirecting-text = Vous reviendrez ici une fois connecté.
redirecting-stuck-title = Cette page n’a pas avancé
redirecting-stuck-text = Rechargez cette page et réessayez, ou continuez ici.
redirecting-here = Continuer dans cet onglet

verifying-title = Finalisation avec { $service }
verifying-text = Cela prend un instant.
verifying-customer-title = { $app } confirme que c’est bien vous
verifying-customer-text = Suivez l’autre fenêtre jusqu’au bout. Cette page continue d’elle-même.

choose-title = Choisissez ce qui sera connecté
choose-lead = Votre identification à { $service } donne accès à plusieurs comptes ou espaces de travail. Choisissez celui que { $app } utilisera.
choose-list = Choix possibles
choose-search = Rechercher
choose-results =
    { $count ->
        [one] { $count } élément
       *[other] { $count } éléments
    }
choose-changed = L’élément connecté jusqu’ici n’y figure plus. Choisissez-en un autre, ou annulez et rien ne change.
choose-unsent = Cela n’a pas abouti. Choisissez de nouveau.
choose-elsewhere-title = Choisissez dans la fenêtre de { $service }
choose-elsewhere-text = Votre identification donne accès à plusieurs comptes ou espaces de travail. Choisissez dans cette fenêtre ; cette page continue d’elle-même.

success-title = { $service } est connecté
success-again-title = { $service } est de nouveau connecté
success-text = { $app } peut désormais l’utiliser.
success-text-owner = { $app } peut désormais l’utiliser pour { $owner }.
success-generic-title = Votre compte est connecté
success-done = Terminé
success-another = Connecter un autre service

partial-title = { $app } a obtenu moins d’accès que demandé. Il ne pourra pas :
partial-text = Si quelque chose ne fonctionne pas dans { $app }, reconnectez { $service } en laissant toutes les cases cochées.
partial-rest = Autoriser le reste
partial-rest-text = Vous pouvez autoriser le reste maintenant. Ce qui fonctionne déjà ne change pas.

kept-title = { $service } reste comme avant
kept-text = Rien n’a été retiré : { $app } peut utiliser { $service } comme avant.

connected-title = { $service } est déjà connecté
connected-text = { $app } peut l’utiliser.
connected-text-owner = { $app } peut l’utiliser pour { $owner }.
connected-accounts = Comptes connectés
connected-more = et { $count } de plus
connected-keep = Laisser tel quel
connected-another = Connecter un autre compte { $service }

approval-title = { $service } exige l’accord d’un administrateur
approval-text = Votre organisation y décide quelles applications peuvent se connecter. Demandez à l’administrateur de { $service } d’approuver { $app }, puis réessayez.
approval-said = Message de { $service } : « { $said } »
approval-request = Je souhaite connecter { $service } à { $app }. { $service } exige d’abord l’accord d’un administrateur : autorisez { $app } dans les réglages des applications de { $service }, puis prévenez-moi.

account-title = C’est un autre compte
account-changed = Rien n’a été modifié : la connexion reste liée à son compte actuel.
account-known = Identifiez-vous sur { $service } avec { $account }.
account-unnamed = Identifiez-vous sur { $service } avec le compte précédent.
account-unknown = { $service } n’a pas indiqué de quel compte il s’agit ; la connexion est restée inchangée. Réessayez dans une minute.
account-again = Reconnecter { $service }

webview-title = { $service } peut refuser de s’ouvrir ici
webview-text = Ce navigateur est intégré à une autre application, et de nombreux services n’y autorisent aucune identification. Ouvrez { $app } dans votre propre navigateur et connectez-y { $service }.
webview-open = Ouvrir dans le navigateur
webview-copy = Copier l’adresse
webview-copied = Copié
webview-anyway = Essayer ici

failure-title = { $service } n’est pas connecté
failure-generic-title = Le compte n’est pas connecté
failure-retry = Réessayer
failure-list = Choisir un autre service
failure-close = Fermer
failure-token-title = La connexion n’a pas démarré
failure-token = { $app } n’a pas répondu comme prévu. Réessayez. Si cela persiste, l’équipe de { $app } peut y remédier ; montrez-lui ceci :
failure-generic = Un problème est survenu en chemin. Rien n’a été enregistré. Réessayez.
failure-network = Aucune réponse. Vérifiez votre connexion à Internet et réessayez.
failure-server-title = Cela ne fonctionne pas pour le moment
failure-server = Le problème vient de chez nous et rien n’a été enregistré. Réessayez dans une minute.
failure-provider-title = { $service } ne répond pas
failure-provider = Rien n’a été enregistré. { $service } est peut-être momentanément indisponible : réessayez dans une minute.
failure-denied = Vous n’avez pas autorisé l’accès chez { $service }, donc { $app } n’en a aucun. Si ce n’était pas voulu, réessayez et autorisez-le.
failure-final = { $service } n’accepte pas la façon dont { $app } demande l’accès, et réessayer n’y changera rien. L’équipe de { $app } peut y remédier ; montrez-lui ceci :
failure-timed-out = L’identification n’a pas été terminée à temps. Rien n’a été connecté.
failure-embedder-title = Cette page ne peut pas s’ouvrir ici
failure-embedder = { $origin } ne figure pas parmi les adresses autorisées à afficher cette page. L’équipe de ce site peut l’ajouter aux origines de son projet dans Latchkey.
failure-no-embedder-title = La page qui entoure celle-ci n’a pas répondu
failure-no-embedder = Rechargez la page et réessayez. Si cela persiste, l’équipe de la page doit vérifier comment elle ouvre Latchkey.

expired-title = Le délai est dépassé
expired-text = Par sécurité, une identification ne reste ouverte que peu de temps. Rien n’a été connecté. Recommencez quand vous serez prêt.
expired-again = Recommencer

cancelled-title = Rien n’a été connecté
cancelled-text = Vous avez arrêté avant la connexion à { $service }. { $app } n’y a pas accès.
cancelled-again = Connecter { $service }

rejected-title = Cette identification a été refusée
rejected-text = Dans l’autre fenêtre, quelqu’un a indiqué que cette identification n’était pas la sienne. Rien n’a été connecté, et il n’y a rien d’autre à faire.
rejected-another = Elle a été terminée par une autre personne que celle que { $app } connaît ici. Rien n’a été connecté. Identifiez-vous vous-même dans { $app } et recommencez.

blocked-title = Le navigateur n’a pas ouvert la fenêtre
blocked-text = Ouvrez vous-même la page d’identification de { $service }.
blocked-open = Ouvrir la fenêtre d’identification
blocked-here = Continuer dans cet onglet

ways-title = Une autre façon de s’identifier
ways-text = Choisissez où s’ouvre { $service }. La fenêtre précédente n’est plus valable.

reload-title = Rechargez cette page pour continuer
reload-text = Vous êtes revenu avec le bouton Retour du navigateur, et cette fenêtre a perdu le fil. Rien n’a été connecté.

check-title = Finalisation de la connexion
check-text = Cela prend un instant.
check-unfinished-title = L’identification n’a pas été terminée
check-unfinished-text = Fermez cette fenêtre et recommencez. Si vous aviez terminé, patientez un instant : cette page continue d’elle-même.

inside-title = Cette page s’ouvre dans une application
inside-text = Elle fait partie d’un autre produit et ne fonctionne que là. Revenez à l’application qui vous a envoyé ici et recommencez.

token-missing = Aucun point d’accès aux jetons n’est défini : indiquez son adresse au script d’intégration.
token-relative = L’adresse du point d’accès aux jetons doit être absolue et commencer par https://.
token-unreachable = Le point d’accès aux jetons de { $host } est injoignable ou n’autorise pas cette page (CORS).
token-timed-out = Le point d’accès aux jetons de { $host } n’a pas répondu en 20 secondes.
token-not-json = Le point d’accès aux jetons de { $host } a répondu { $status } avec autre chose que du JSON.
token-empty = Le point d’accès aux jetons de { $host } a donné une réponse vide.
token-unknown = Le point d’accès aux jetons de { $host } a répondu { $status } sans session.
token-no-session = La réponse du point d’accès aux jetons ne contient pas d’identifiant de requête.
token-timed-out-port = La page n’a pas remis de jeton en 20 secondes.

start-resume-title = Reprendre votre identification
start-resume-button = Continuer vers { $service }
start-nothing-title = Rien à reprendre ici
start-nothing = Aucune identification n’est en cours dans cette fenêtre. Fermez-la et recommencez dans l’application.
start-unknown-title = Cette identification n’est plus connue
start-unknown = Fermez cette fenêtre et recommencez dans l’application.
start-spent-title = Cette identification a déjà été ouverte
start-spent = Elle ne peut être ouverte qu’une fois. Cherchez l’autre fenêtre ou recommencez dans l’application.
start-foreign-title = Ouvrez ceci depuis l’application
start-foreign = Cette adresse ne fonctionne que si l’application elle-même l’ouvre. Si quelqu’un vous l’a envoyée, n’allez pas plus loin.
start-return-title = L’adresse de retour n’est pas autorisée
start-return-text = L’adresse de l’application ne figure pas sur la liste de son projet. L’équipe de l’application peut l’ajouter dans Latchkey.
start-expired-title = Le délai est dépassé
start-expired = Fermez cette fenêtre et recommencez dans l’application.
start-failed-title = La page d’identification ne s’est pas ouverte
start-failed = Latchkey est injoignable pour le moment. Fermez cette fenêtre et réessayez dans l’application.
start-close = Fermer cette fenêtre
start-may-close = Vous pouvez fermer cette fenêtre.

confirm-wrong-code = Ce n’est pas le bon code. Regardez dans la première fenêtre et réessayez.
confirm-empty-code = Saisissez le code affiché dans la première fenêtre.
confirm-rejected-title = Arrêté
confirm-rejected = Rien n’a été connecté. Si vous n’avez rien lancé, vous n’avez rien d’autre à faire.
confirm-gone-title = Cette identification est terminée
confirm-gone = Fermez cette fenêtre et recommencez dans l’application.
confirm-failed = Latchkey est injoignable pour le moment. Réessayez.

link-loading = Lecture du lien
link-title = Reconnecter { $service }
link-failed = { $app } ne peut plus utiliser votre compte { $service }.
link-expiring = L’accès de { $app } à votre compte { $service } prend bientôt fin.
link-account = Connectez-vous là-bas en tant que { $account }
link-same = Utilisez le même compte qu’avant. Un autre est refusé.
link-opening = Ouverture
link-closed-title = Vous pouvez fermer cette fenêtre
link-closed = La suite se passe dans { $app }.
link-used-title = C’est fait
link-used = La reconnexion a déjà eu lieu. Il n’y a rien à faire.
link-over-title = Ce lien ne fonctionne plus
link-expired = Ce lien a expiré. Ouvrez l’application qui l’a envoyé et reconnectez-vous-y.
link-deleted = La connexion visée par ce lien a été supprimée. Ouvrez l’application qui l’a envoyé et connectez-vous-y.
link-incomplete-title = Ce lien est incomplet
link-connect-title = Connecter { $service } à { $app }
link-connect-any-title = Connecter vos comptes à { $app }
link-manage-title = Vos connexions avec { $app }
link-invited = { $inviter } vous invite à connecter { $service } à { $app }.
link-invited-any = { $inviter } vous invite à connecter des comptes à { $app }.
link-asked = { $app } vous invite à connecter { $service }.
link-asked-any = { $app } vous invite à connecter des comptes.
link-reconnect = { $app } vous invite à reconnecter votre compte { $service }.
link-of = Connexions de { $owner }
link-not-you = Si ce n’est pas vous, n’allez pas plus loin : fermez cette page.
link-once = Ce lien fonctionne une seule fois.
link-manage-lead = Voyez quels comptes { $app } peut utiliser, reconnectez-les ou déconnectez-les.
link-continue = Continuer vers { $service }
link-used-once = Ce lien a été utilisé : le compte est connecté. Il n’y a rien à faire.
link-revoked = Ce lien a été retiré. Demandez-en un nouveau à qui vous l’a envoyé.
link-ended = Ce lien a expiré. Demandez-en un nouveau à qui vous l’a envoyé.
link-back = Retour à { $app }
link-close = Fermer cette fenêtre
link-incomplete = Il manque une partie du lien. Ouvrez-le en entier, tel qu’il vous a été envoyé, ou allez dans l’application qui l’a envoyé.

## One's own connections, in the modal and by a link

manage-title = Vos connexions
manage-lead = { $app } peut utiliser ces comptes.
manage-lead-owner = { $app } peut utiliser ces comptes pour { $owner }.
manage-loading = Lecture de vos connexions
manage-since = Connecté le { $date }
manage-used = Dernière utilisation le { $date }
manage-unused = Pas encore utilisé
manage-state-operational = Fonctionne
manage-state-degraded = Fonctionne. Le renouvellement échoue en ce moment et sera retenté.
manage-state-failed = Ne fonctionne plus. Reconnectez-le.
manage-state-unknown = Pas encore vérifié
manage-state-off = Désactivé par { $app }
manage-reconnect = Reconnecter
manage-disconnect = Déconnecter
manage-disconnect-button = Déconnecter { $service }
manage-more = Afficher plus
manage-empty-title = Pas encore de connexion
manage-empty = { $app } n’a accès à aucun de vos comptes.
manage-confirm-title = Déconnecter { $service } ?
manage-confirm = { $app } ne pourra plus utiliser ce compte { $service }. Ce que { $app } a déjà lu y reste.
manage-ending-revoked = Il est aussi demandé à { $service } de mettre fin à l’accès.
manage-ending-kept = On ne peut pas demander d’ici à { $service } de mettre fin à l’accès. Retirez aussi { $app } dans les réglages de votre compte là-bas.
manage-ending-shared = L’accès auprès de { $service } reste, car une autre connexion l’utilise. Il prendra fin avec la dernière.
manage-ending-key = La clé reste valable chez { $service } jusqu’à ce que vous l’y supprimiez.
manage-disconnecting = Déconnexion
manage-keep = Conserver { $service }
manage-done-title = { $service } est déconnecté
manage-done-text = { $app } ne peut plus utiliser ce compte { $service }.
manage-done-pending = Il est demandé à { $service } de mettre fin à l’accès.
manage-done-failed = Il n’a pas été possible de demander à { $service } de mettre fin à l’accès. Retirez { $app } dans les réglages de votre compte là-bas.
manage-back = Voir vos connexions
manage-gone-title = { $service } est déjà déconnecté
manage-gone = La connexion a été supprimée ailleurs entre-temps. Il n’y a plus rien à faire.

problem-access-denied = { $service } n’a pas été connecté : l’accès n’a pas été autorisé.
problem-account-changed = Ce compte { $service } n’est pas celui qui était connecté. Identifiez-vous avec le compte précédent ou créez une nouvelle connexion.
problem-account-unknown = { $service } n’a pas indiqué de quel compte il s’agit ; la connexion est restée inchangée. Réessayez dans une minute.
problem-address-unreachable = { $service } est injoignable à l’adresse saisie. Vérifiez l’adresse, puis réessayez.
problem-app-broken = { $service } a refusé les réglages de cette application. L’équipe de l’application doit les vérifier.
problem-app-refused = { $service } a refusé la façon dont cette application demande l’accès. Son équipe doit y vérifier ses réglages.
problem-cannot-confirm = { $service } se connecte avec un code, et cette application confirme qui s’est identifié, ce qu’un code ne peut pas montrer. Son équipe peut changer cela.
problem-cannot-widen = Le reste ne peut pas être autorisé d’ici. Reconnectez { $service } dans l’application.
problem-choices-refused = { $service } n’a pas indiqué ce que ce compte peut utiliser. Utilisez un autre compte, ou demandez à l’équipe qui gère { $service } chez vous de vous donner accès.
problem-choices-unexpected = { $service } a répondu d’une manière imprévue. L’équipe de l’application doit vérifier.
problem-code-expired = { $service } n’accepte plus cette identification. Recommencez.
problem-credential-refused = { $service } a refusé ces valeurs. Vérifiez-les et réessayez.
problem-expired = L’identification a pris trop de temps. Recommencez.
problem-field-errors = Certaines valeurs sont à revoir.
problem-flow-expired = Cette identification a pris trop de temps et a pris fin. Recommencez dans l’application.
problem-integration-changed = Le mode d’identification de { $service } a changé. Recommencez dans l’application.
problem-integration-not-offered = { $service } ne peut pas être connecté ici. L’équipe de l’application peut l’activer.
problem-interrupted = L’identification à { $service } a été interrompue. Réessayez.
problem-link-revoked = Le lien a été retiré. Rien n’a été connecté.
problem-issuer-mismatch = La réponse ne venait pas de { $service }. Recommencez ; si cela se reproduit, signalez-le à l’équipe de l’application.
problem-less-access = { $service } a accordé moins que la fois précédente, la connexion est donc restée telle quelle. Réessayez en laissant toutes les cases cochées.
problem-login-required = { $service } demande d’abord une identification de votre part. Réessayez.
problem-no-verify-url = L’application n’a pas d’adresse où confirmer les identifications. Son équipe peut en définir une.
problem-not-me = Quelqu’un a indiqué que cette identification n’était pas la sienne. Rien n’a été connecté.
problem-nothing-to-choose = { $service } n’a rien que ce compte puisse utiliser. Utilisez un autre compte, ou demandez à l’équipe qui gère { $service } chez vous de vous donner accès.
problem-provider-refused = { $service } a refusé l’identification.
problem-provider-unavailable = { $service } n’a pas répondu comme prévu. Réessayez dans quelques minutes.
problem-session-expired = La session de connexion a pris fin. Recommencez.
problem-session-used = Cette session a déjà servi à une connexion. Recommencez dans l’application.
problem-wrong-code = Ce n’est pas le bon code. Regardez dans la première fenêtre et réessayez.
problem-manage-not-allowed = Les connexions ne peuvent pas être gérées ici. Utilisez l’application d’où vous venez.
problem-other-project = Ceci n’appartient pas à cette adresse. Recommencez dans l’application.
problem-too-many-reconnects = La reconnexion a été demandée trop souvent en une heure. Attendez un moment, puis réessayez.
problem-too-many-flows = Trop d’identifications ont été lancées depuis cette fenêtre. Fermez-la et recommencez dans l’application.

page-embed-title = Connexion
page-embed-unknown-title = Cette adresse n’est pas utilisée
page-embed-unknown-text = Aucune application de ce serveur n’a ici de fenêtre de connexion. Revenez à l’application ; la personne qui la gère trouve la bonne adresse dans la console, sous Embed.
page-embed-later-text = Cette fenêtre ne peut pas s’ouvrir pour le moment. Elle réessaie d’elle-même.
page-choose-title = Choisissez ce qui sera connecté
page-no-script = Cette page a besoin de JavaScript. Autorisez-le pour cette page et rechargez-la.
page-frame-no-script = Cette fenêtre a besoin de JavaScript. Autorisez-le pour cette page et rechargez-la.

page-start-title = Ouverture de la page d’identification
page-start-text = Un instant.
page-start-framed-title = Cette page s’ouvre dans sa propre fenêtre
page-start-framed-text = Elle ne peut pas s’afficher dans une autre page. Revenez à l’application et recommencez.

page-confirm-window-title = Connecter { $service } à { $app }
page-confirm-title = Est-ce bien votre identification ?
page-confirm-lead = { $app } demande à connecter { $service }.
page-confirm-owner = Appartient à
page-confirm-origin = Vous venez de
page-confirm-started = Commencé
page-confirm-code = Code de la première fenêtre
page-confirm-hint = Si vous ne venez pas de lancer ceci dans { $app }, choisissez « Ce n’était pas moi ».
page-confirm-continue = Continuer vers { $service }
page-confirm-refuse = Ce n’était pas moi
page-confirm-nothing-title = Il n’y a rien à confirmer ici
page-confirm-nothing-text = Cette identification est terminée, ou elle a été lancée dans un autre navigateur. Revenez à l’application et recommencez.

page-done-account = Le compte
page-done-app = L’application
page-done-success-title = { $service } est connecté
page-done-success-text = La suite se passe dans { $app }.
page-done-failure-title = { $service } n’est pas connecté
page-done-failure-text = Un problème est survenu en chemin. Rien n’a été enregistré. Recommencez dans l’application.
page-done-cancelled-title = Rien n’a été connecté
page-done-cancelled-text = L’identification a été arrêtée. { $app } n’a aucun accès.
page-done-verifying-title = Il reste une étape
page-done-verifying-text = { $app } doit confirmer que c’était bien vous.
page-done-pending-title = { $service } n’est pas encore connecté
page-done-pending-text = L’identification est encore en cours. Terminez-la dans la fenêtre où elle est ouverte ; cette page dira ensuite comment elle s’est terminée. Si cette fenêtre n’existe plus, recommencez dans { $app }.
page-done-neutral-title = Cette identification est terminée
page-done-neutral-text = L’application où elle a commencé indique comment elle s’est terminée.
page-done-back = Retour à { $app }

page-callback-no-app-title = Cette adresse n’est pas utilisée
page-callback-no-app-text = L’adresse de redirection chez le service ne désigne aucune application de ce serveur. La personne qui gère l’application la compare avec `latchkey apps list`.
page-callback-incomplete-title = Cette adresse est incomplète
page-callback-incomplete-text = Revenez à l’application et recommencez l’identification.
page-callback-later-title = Un instant
page-callback-later-text = L’identification ne peut pas aboutir pour le moment. Cette page réessaie d’elle-même.
page-callback-put-back-text = L’identification à { $service } ne peut pas aboutir pour le moment. Rien n’est perdu ; cette page réessaie d’elle-même.
page-callback-failed-title = Un problème est survenu de notre côté
page-callback-failed-text = Revenez à l’application et recommencez l’identification.
page-callback-unknown-title = Cette identification n’est pas connue ici
page-callback-unknown-text = Revenez à l’application et recommencez l’identification.
page-callback-other-browser-title = Identification lancée dans un autre navigateur
page-callback-other-browser-text = Rien n’a été connecté. Revenez à l’application, dans le navigateur où vous l’utilisez, et recommencez.
page-callback-over-title = Cette identification a pris fin
page-callback-over-text = Elle a pris trop de temps ou a été fermée. Revenez à l’application et recommencez.
