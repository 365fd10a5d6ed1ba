brand-secured = Protegido por Latchkey
brand-test = Teste
brand-close = Fechar
brand-back = Voltar
brand-reference = Referência
brand-fallback-app = o aplicativo
brand-fallback-service = o serviço
brand-keeper = Latchkey
brand-copy-reference = Copiar a referência { $reference }
brand-copy-text = Copiar este texto
brand-copied = Copiado
brand-privacy = Privacidade
brand-terms = Termos de uso

offline-title = Você está sem conexão
offline-text = Você está sem conexão. Tudo continua quando ela voltar.

loading-title = Carregando
loading-token = Pedindo permissão de conexão a { $app }
loading-session = Carregando os serviços
loading-form = Carregando { $service }
loading-slow = Está demorando mais que o normal.
loading-give-up = Fechar

pick-title = Conectar um serviço
pick-lead = Escolha o que { $app } pode usar.
pick-search = Buscar serviços
pick-all = Todos
pick-own = Suas conexões ({ $count })
pick-connected = Conectado
pick-connected-count =
    { $count ->
        [one] { $count } conectado
       *[other] { $count } conectados
    }
pick-none = Nenhum resultado para “{ $query }”.
pick-clear = Limpar a busca
pick-results =
    { $count ->
        [one] { $count } serviço
       *[other] { $count } serviços
    }
pick-list = Serviços
pick-categories = Categorias

category-accounting = Contabilidade
category-ai = IA
category-analytics = Análise
category-calendar = Calendário
category-chat = Chat
category-communication = Comunicação
category-crm = CRM
category-development = Desenvolvimento
category-email = E-mail
category-files = Arquivos
category-hr = RH
category-identity = Identidade
category-marketing = Marketing
category-payments = Pagamentos
category-productivity = Produtividade
category-sales = Vendas
category-support = Suporte

empty-title = Ainda não há nada para conectar
empty-text =
    { $environment ->
        [test] { $app } não ativou nenhum serviço no ambiente de teste. A equipe de { $app } pode adicionar um.
       *[other] { $app } não ativou nenhum serviço. A equipe de { $app } pode adicionar um.
    }

explain-title = Conectar { $service }
explain-reconnect-title = Reconectar { $service }
explain-reconnect-reason = A conexão com { $service } não funciona mais.
explain-reconnect-refused = { $service } não aceita mais esta conexão.
explain-reconnect-keeps = Conecte de novo, e { $app } continua de onde parou.
explain-account = Use a mesma conta { $service } de antes: { $account }. Outra conta é recusada.
explain-permission = Usar a permissão “{ $scope }”
explain-keeps = { $keeper } guarda o acesso com criptografia e o usa só para { $app }. Você pode encerrá-lo nas configurações de { $service }.
explain-keeps-unnamed = O acesso é guardado com criptografia e usado só para { $app }. Você pode encerrá-lo nas configurações de { $service }.
explain-lead = { $app } pede para usar sua conta { $service }.
explain-access = { $app } poderá
explain-owner = A conexão pertencerá a { $owner }
explain-promise = { $service } abre em uma janela própria. { $app } nunca vê sua senha.
explain-promise-same-tab = { $service } abre nesta aba e traz você de volta. { $app } nunca vê sua senha.
explain-promise-code = Você digita um código na página de { $service }. { $app } nunca vê sua senha.
explain-key-promise = Guardado com criptografia e usado só para { $app }.
explain-button = Conectar { $service }
explain-reconnect-button = Reconectar { $service }
explain-docs = O que essas permissões significam
explain-policies = Como { $app } trata seus dados:
explain-other = Outra forma: { $method }

form-name = Nome desta conexão
form-name-help = Para diferenciar duas contas. Você pode deixar em branco.
form-optional = opcional
form-find-short = Onde encontro isso?
form-reveal = Mostrar
form-conceal = Ocultar
form-reveal-label = Mostrar { $label }
form-conceal-label = Ocultar { $label }
form-required = Falta preencher: { $label }.
form-pattern = Isso não parece correto para “{ $label }”. Confira se tudo foi copiado.
form-characters = “{ $label }” contém um caractere que não pode ser enviado. Copie de novo.
form-choose = Escolha uma opção
form-other = Outro endereço
form-checking = Verificando com { $service }
form-refused = { $service } recusou este valor. Confira e tente novamente.
form-stop = Parar de esperar

waiting-title = Continue na janela de { $service }
waiting-text = Entre em { $service } nessa janela. Esta página continua sozinha.
waiting-closed = Fechou a janela de { $service }?
waiting-no-window = Não vê nenhuma janela?
waiting-reopen = Abrir novamente
waiting-cancel = Cancelar
waiting-other = Usar outra forma
waiting-code-title = Digite este código na outra janela
waiting-code-text = Ele mostra que as duas janelas são suas.
waiting-code-label = O código é { $code }

code-title = Digite este código em { $service }
code-text = Abra a página de { $service } e confira se ela mostra este código, ou digite-o lá. Esta página continua sozinha.
code-open = Abrir a página de { $service }
code-copy = Copiar o código
code-copied = Copiado
code-elsewhere = Em outro dispositivo: { $address }
code-left = Tempo restante: { $time }
code-minute = O código vale por mais um minuto.

redirecting-title = Levando você para { $service }
redirecting-text = Você volta para cá depois de entrar.
redirecting-stuck-title = Esta página não avançou
redirecting-stuck-text = Recarregue a página e tente novamente, ou continue aqui.
redirecting-here = Continuar nesta aba

verifying-title = Concluindo com { $service }
verifying-text = Isso leva um instante.
verifying-customer-title = { $app } confirma que é você
verifying-customer-text = Siga a outra janela até o fim. Esta página continua sozinha.

choose-title = Escolha o que conectar
choose-lead = Seu login em { $service } dá acesso a várias contas ou espaços de trabalho. Escolha o que { $app } vai usar.
choose-list = Opções
choose-search = Buscar
choose-results =
    { $count ->
        [one] { $count } item
       *[other] { $count } itens
    }
choose-changed = O que estava conectado não está mais na lista. Escolha outro, ou cancele e nada muda.
choose-unsent = Não foi possível concluir. Escolha de novo.
choose-elsewhere-title = Escolha na janela de { $service }
choose-elsewhere-text = Seu login dá acesso a várias contas ou espaços de trabalho. Escolha lá; esta página continua sozinha.

success-title = { $service } está conectado
success-again-title = { $service } está conectado de novo
success-text = { $app } já pode usar.
success-text-owner = { $app } já pode usar para { $owner }.
success-generic-title = Sua conta está conectada
success-done = Concluir
success-another = Conectar outro serviço

partial-title = { $app } recebeu menos acesso do que pediu. Não será possível:
partial-text = Se algo não funcionar em { $app }, conecte { $service } de novo e deixe todas as caixas marcadas.
partial-rest = Permitir o restante
partial-rest-text = Você pode permitir o restante agora. O que já funciona continua como está.

kept-title = { $service } continua como estava
kept-text = Nada foi retirado: { $app } pode usar { $service } como antes.

connected-title = { $service } já está conectado
connected-text = { $app } pode usá-lo.
connected-text-owner = { $app } pode usá-lo para { $owner }.
connected-accounts = Contas conectadas
connected-more = e mais { $count }
connected-keep = Deixar como está
connected-another = Conectar outra conta { $service }

approval-title = { $service } precisa da aprovação de um administrador
approval-text = Sua organização decide lá quais aplicativos podem se conectar. Peça ao administrador de { $service } que aprove { $app } e tente novamente.
approval-said = { $service } informou: “{ $said }”
approval-request = Gostaria de conectar { $service } a { $app }. { $service } pede antes a aprovação de um administrador: permita { $app } nas configurações de aplicativos de { $service } e me avise.

account-title = Esta é outra conta
account-changed = Nada foi alterado: a conexão continua com a conta que tem.
account-known = Entre em { $service } como { $account }.
account-unnamed = Entre em { $service } com a conta anterior.
account-unknown = { $service } não informou qual é a conta, então a conexão ficou como estava. Tente novamente em um minuto.
account-again = Reconectar { $service }

webview-title = Talvez { $service } não abra aqui
webview-text = Este é o navegador de outro aplicativo, e muitos serviços não permitem login nele. Abra { $app } no seu navegador e conecte { $service } por lá.
webview-open = Abrir no navegador
webview-copy = Copiar o endereço
webview-copied = Copiado
webview-anyway = Tentar aqui

failure-title = { $service } não está conectado
failure-generic-title = A conta não está conectada
failure-retry = Tentar novamente
failure-list = Escolher outro serviço
failure-close = Fechar
failure-token-title = A conexão não começou
failure-token = { $app } não respondeu como esperado. Tente novamente. Se continuar assim, a equipe de { $app } pode resolver; mostre isto a ela:
failure-generic = Algo deu errado no caminho. Nada foi salvo. Tente novamente.
failure-network = Não há resposta. Verifique sua conexão com a internet e tente novamente.
failure-server-title = Isto não está funcionando no momento
failure-server = A falha é nossa e nada foi salvo. Tente novamente em um minuto.
failure-provider-title = { $service } não está respondendo
failure-provider = Nada foi salvo. Talvez { $service } esteja fora do ar por um momento: tente novamente em um minuto.
failure-denied = Você não permitiu o acesso em { $service }, então { $app } não o tem. Se não era essa a intenção, tente novamente e permita.
failure-final = { $service } não aceita a forma como { $app } pede acesso, e tentar de novo não vai ajudar. A equipe de { $app } pode resolver; mostre isto a ela:
failure-timed-out = O login não foi concluído a tempo. Nada foi conectado.
failure-embedder-title = Esta página não pode abrir aqui
failure-embedder = { $origin } não está na lista de endereços que podem mostrar esta página. A equipe desse site pode adicioná-lo às origens do projeto no Latchkey.
failure-no-embedder-title = A página em volta desta não respondeu
failure-no-embedder = Recarregue a página e tente novamente. Se continuar assim, a equipe da página precisa verificar como ela abre o Latchkey.

expired-title = Demorou demais
expired-text = Por segurança, um login fica aberto só por pouco tempo. Nada foi conectado. Comece de novo quando quiser.
expired-again = Começar de novo

cancelled-title = Nada foi conectado
cancelled-text = Você parou antes de conectar { $service }. { $app } não tem acesso.
cancelled-again = Conectar { $service }

rejected-title = Este login foi recusado
rejected-text = Na outra janela alguém informou que este login não era seu. Nada foi conectado, e não é preciso fazer mais nada.
rejected-another = Quem concluiu não é a pessoa que { $app } conhece aqui. Nada foi conectado. Entre em { $app } com a sua conta e comece de novo por lá.

blocked-title = O navegador não abriu a janela
blocked-text = Abra você mesmo o login de { $service }.
blocked-open = Abrir a janela de login
blocked-here = Continuar nesta aba

ways-title = Outra forma de entrar
ways-text = Escolha onde { $service } abre. A janela anterior não vale mais.

reload-title = Recarregue esta página para continuar
reload-text = Você voltou pelo botão Voltar do navegador, e esta janela se perdeu. Nada foi conectado.

check-title = Concluindo a conexão
check-text = Isso leva um instante.
check-unfinished-title = O login não foi concluído
check-unfinished-text = Feche isto e comece de novo. Se você já concluiu, espere um momento: esta página continua sozinha.

inside-title = Isto abre dentro de um aplicativo
inside-text = Esta página faz parte de outro produto e só funciona nele. Volte ao aplicativo que trouxe você aqui e comece de novo.

token-missing = Nenhum endpoint de token foi definido: passe o endereço dele ao script de incorporação.
token-relative = O endereço do endpoint de token deve ser absoluto, começando com https://.
token-unreachable = Não foi possível acessar o endpoint de token em { $host }, ou ele não permite esta página (CORS).
token-timed-out = O endpoint de token em { $host } não respondeu em 20 segundos.
token-not-json = O endpoint de token em { $host } respondeu { $status } com algo que não é JSON.
token-empty = O endpoint de token em { $host } deu uma resposta vazia.
token-unknown = O endpoint de token em { $host } respondeu { $status } sem uma sessão.
token-no-session = A resposta do endpoint de token não tem o id da solicitação.
token-timed-out-port = A página não entregou um token em 20 segundos.

start-resume-title = Continue seu login
start-resume-button = Continuar para { $service }
start-nothing-title = Não há nada para continuar aqui
start-nothing = Não há login em andamento nesta janela. Feche-a e comece de novo no aplicativo.
start-unknown-title = Este login não é mais conhecido
start-unknown = Feche esta janela e comece de novo no aplicativo.
start-spent-title = Este login já foi aberto
start-spent = Ele só pode ser aberto uma vez. Procure a outra janela ou comece de novo no aplicativo.
start-foreign-title = Abra isto pelo aplicativo
start-foreign = Este endereço só funciona quando o próprio aplicativo o abre. Se alguém o enviou a você, não continue.
start-return-title = O caminho de volta não é permitido
start-return-text = O endereço do aplicativo não está na lista do projeto. A equipe do aplicativo pode adicioná-lo no Latchkey.
start-expired-title = Demorou demais
start-expired = Feche esta janela e comece de novo no aplicativo.
start-failed-title = A página de login não abriu
start-failed = Não é possível acessar o Latchkey no momento. Feche esta janela e tente novamente no aplicativo.
start-close = Fechar esta janela
start-may-close = Você pode fechar esta janela.

confirm-wrong-code = Esse não é o código. Olhe a primeira janela e tente novamente.
confirm-empty-code = Digite o código que a primeira janela mostra.
confirm-rejected-title = Interrompido
confirm-rejected = Nada foi conectado. Se não foi você que começou, não é preciso fazer mais nada.
confirm-gone-title = Este login terminou
confirm-gone = Feche esta janela e comece de novo no aplicativo.
confirm-failed = Não é possível acessar o Latchkey no momento. Tente novamente.

link-loading = Lendo o link
link-title = Reconectar { $service }
link-failed = { $app } não pode mais usar sua conta do { $service }.
link-expiring = O acesso de { $app } à sua conta do { $service } termina em breve.
link-account = Entre lá como { $account }
link-same = Use a mesma conta de antes. Outra é recusada.
link-opening = Abrindo
link-closed-title = Você pode fechar esta janela
link-closed = O que vier a seguir, faça em { $app }.
link-used-title = Está feito
link-used = A reconexão já foi feita. Não há nada a fazer.
link-over-title = Este link não funciona mais
link-expired = Este link expirou. Abra o app que o enviou e reconecte por lá.
link-deleted = A conexão deste link foi excluída. Abra o app que o enviou e conecte por lá.
link-incomplete-title = Este link não está completo
link-connect-title = Conectar { $service } a { $app }
link-connect-any-title = Conectar suas contas a { $app }
link-manage-title = Suas conexões com { $app }
link-invited = { $inviter } pede que você conecte { $service } a { $app }.
link-invited-any = { $inviter } pede que você conecte contas a { $app }.
link-asked = { $app } pede que você conecte { $service }.
link-asked-any = { $app } pede que você conecte contas.
link-reconnect = { $app } pede que você conecte de novo sua conta de { $service }.
link-of = Conexões de { $owner }
link-not-you = Se não é você, não continue: feche esta página.
link-once = Este link funciona uma única vez.
link-manage-lead = Veja quais contas suas { $app } pode usar, reconecte-as ou desconecte-as.
link-continue = Continuar para { $service }
link-used-once = Este link já foi usado: a conta está conectada. Não há nada a fazer.
link-revoked = Este link foi retirado. Peça um novo a quem o enviou.
link-ended = Este link expirou. Peça um novo a quem o enviou.
link-back = Voltar para { $app }
link-close = Fechar esta janela
link-incomplete = Falta uma parte do link. Abra-o inteiro, como foi enviado a você, ou vá ao app que o enviou.

## One's own connections, in the modal and by a link

manage-title = Suas conexões
manage-lead = { $app } pode usar estas contas.
manage-lead-owner = { $app } pode usar estas contas para { $owner }.
manage-loading = Lendo suas conexões
manage-since = Conectado em { $date }
manage-used = Usado pela última vez em { $date }
manage-unused = Ainda não usado
manage-state-operational = Funciona
manage-state-degraded = Funciona. A renovação está falhando e será tentada de novo.
manage-state-failed = Não funciona mais. Reconecte.
manage-state-unknown = Ainda não verificado
manage-state-off = Desativado por { $app }
manage-reconnect = Reconectar
manage-disconnect = Desconectar
manage-disconnect-button = Desconectar { $service }
manage-more = Mostrar mais
manage-empty-title = Ainda não há conexões
manage-empty = { $app } não tem acesso a nenhuma conta sua.
manage-confirm-title = Desconectar { $service }?
manage-confirm = { $app } não poderá mais usar esta conta de { $service }. O que { $app } já leu permanece lá.
manage-ending-revoked = Também se pede a { $service } que encerre o acesso.
manage-ending-kept = Daqui não é possível pedir a { $service } que encerre o acesso. Remova { $app } também nas configurações da sua conta lá.
manage-ending-shared = O acesso em { $service } permanece, porque outra conexão o usa. Ele termina com a última delas.
manage-ending-key = A chave continua válida em { $service } até você apagá-la lá.
manage-disconnecting = Desconectando
manage-keep = Manter { $service }
manage-done-title = { $service } foi desconectado
manage-done-text = { $app } não pode mais usar esta conta de { $service }.
manage-done-pending = Está sendo pedido a { $service } que encerre o acesso.
manage-done-failed = Não foi possível pedir a { $service } que encerrasse o acesso. Remova { $app } nas configurações da sua conta lá.
manage-back = Ver suas conexões
manage-gone-title = { $service } já está desconectado
manage-gone = A conexão foi encerrada em outro lugar nesse meio-tempo. Não é preciso fazer mais nada.

problem-access-denied = { $service } não foi conectado: o acesso não foi permitido.
problem-account-changed = Esta conta { $service } não é a que estava conectada. Entre com a conta anterior ou crie uma nova conexão.
problem-account-unknown = { $service } não informou qual é a conta, então a conexão ficou como estava. Tente novamente em um minuto.
problem-address-unreachable = Não foi possível acessar { $service } no endereço informado. Verifique o endereço e tente novamente.
problem-app-broken = { $service } recusou as configurações deste aplicativo. A equipe do aplicativo precisa verificá-las.
problem-app-refused = { $service } recusou a forma como este aplicativo pede acesso. A equipe do aplicativo precisa verificar as configurações lá.
problem-cannot-confirm = { $service } é conectado com um código, e este aplicativo confirma quem entrou, o que um código não consegue mostrar. A equipe dele pode mudar isso.
problem-cannot-widen = O restante não pode ser permitido daqui. Conecte { $service } de novo no aplicativo.
problem-choices-refused = { $service } não informou o que esta conta pode usar. Entre com outra conta, ou peça acesso a quem administra { $service } na sua organização.
problem-choices-unexpected = { $service } respondeu de um modo não previsto. A equipe do aplicativo precisa verificar.
problem-code-expired = { $service } não aceita mais este login. Comece de novo.
problem-credential-refused = { $service } recusou estes dados. Confira os valores e tente novamente.
problem-expired = O login demorou demais. Comece de novo.
problem-field-errors = Alguns valores precisam ser revistos.
problem-flow-expired = Este login demorou demais e foi encerrado. Comece de novo no aplicativo.
problem-integration-changed = A forma de entrar em { $service } mudou. Comece de novo no aplicativo.
problem-integration-not-offered = { $service } não pode ser conectado aqui. A equipe do aplicativo pode ativá-lo.
problem-interrupted = O login em { $service } foi interrompido. Tente novamente.
problem-link-revoked = O link foi retirado. Nada foi conectado.
problem-issuer-mismatch = A resposta não veio de { $service }. Comece de novo; se acontecer duas vezes, avise a equipe do aplicativo.
problem-less-access = { $service } concedeu menos do que antes, então a conexão ficou como estava. Tente novamente e deixe todas as caixas marcadas.
problem-login-required = { $service } pede que você entre lá primeiro. Tente novamente.
problem-no-verify-url = O aplicativo não tem um endereço para confirmar logins. A equipe dele pode definir um.
problem-not-me = Alguém informou que este login não era seu. Nada foi conectado.
problem-nothing-to-choose = { $service } não tem nada que esta conta possa usar. Entre com outra conta, ou peça acesso a quem administra { $service } na sua organização.
problem-provider-refused = { $service } recusou o login.
problem-provider-unavailable = { $service } não respondeu como esperado. Tente novamente em alguns minutos.
problem-session-expired = A sessão de conexão terminou. Comece de novo.
problem-session-used = Esta sessão já criou sua conexão. Comece de novo no aplicativo.
problem-wrong-code = Esse não é o código. Olhe a primeira janela e tente novamente.
problem-manage-not-allowed = Não é possível cuidar das conexões aqui. Use o aplicativo de onde você veio.
problem-other-project = Isto não pertence a este endereço. Comece de novo no aplicativo.
problem-too-many-reconnects = Isto foi reconectado vezes demais em uma hora. Espere um pouco e tente de novo.
problem-too-many-flows = Muitos logins foram iniciados nesta janela. Feche-a e comece de novo no aplicativo.

page-embed-title = Conectar
page-embed-unknown-title = Este endereço não está em uso
page-embed-unknown-text = Nenhum aplicativo deste servidor tem uma janela de conexão aqui. Volte ao aplicativo; quem o administra encontra o endereço certo no console, em Embed.
page-embed-later-text = Esta janela não pode ser aberta agora. Ela tenta de novo sozinha.
page-choose-title = Escolha o que conectar
page-no-script = Esta página precisa de JavaScript. Permita-o para esta página e recarregue.
page-frame-no-script = Esta janela precisa de JavaScript. Permita-o para esta página e recarregue.

page-start-title = Abrindo a página de login
page-start-text = Um momento.
page-start-framed-title = Esta página abre em uma janela própria
page-start-framed-text = Ela não pode ser mostrada dentro de outra página. Volte ao aplicativo e comece de novo.

page-confirm-window-title = Conectar { $service } a { $app }
page-confirm-title = Este login é seu?
page-confirm-lead = { $app } pede para conectar { $service }.
page-confirm-owner = Pertence a
page-confirm-origin = Você veio de
page-confirm-started = Iniciado
page-confirm-code = Código da primeira janela
page-confirm-hint = Se você não acabou de iniciar isto em { $app }, escolha “Não fui eu”.
page-confirm-continue = Continuar para { $service }
page-confirm-refuse = Não fui eu
page-confirm-nothing-title = Não há nada para confirmar aqui
page-confirm-nothing-text = Este login terminou ou foi iniciado em outro navegador. Volte ao aplicativo e comece de novo.

page-done-account = A conta
page-done-app = O aplicativo
page-done-success-title = { $service } está conectado
page-done-success-text = { $app } continua sozinho.
page-done-failure-title = { $service } não está conectado
page-done-failure-text = Algo deu errado no caminho. Nada foi salvo. Comece de novo no aplicativo.
page-done-cancelled-title = Nada foi conectado
page-done-cancelled-text = O login foi interrompido. { $app } não tem acesso.
page-done-verifying-title = Falta um passo
page-done-verifying-text = { $app } precisa confirmar que foi você.
page-done-pending-title = { $service } ainda não está conectado
page-done-pending-text = O login ainda está em andamento. Conclua-o na janela em que está aberto; depois esta página diz como terminou. Se essa janela não existe mais, comece de novo em { $app }.
page-done-neutral-title = Este login terminou
page-done-neutral-text = O aplicativo em que ele começou mostra como terminou.
page-done-back = Voltar a { $app }

page-callback-no-app-title = Este endereço não está em uso
page-callback-no-app-text = O endereço de redirecionamento no serviço não corresponde a nenhum aplicativo deste servidor. Quem administra o aplicativo o compara com `latchkey apps list`.
page-callback-incomplete-title = Este endereço não está completo
page-callback-incomplete-text = Volte ao aplicativo e comece o login de novo por lá.
page-callback-later-title = Um momento
page-callback-later-text = O login não pode ser concluído agora. Esta página tenta de novo sozinha.
page-callback-put-back-text = O login em { $service } não pode ser concluído agora. Nada se perdeu; esta página tenta de novo sozinha.
page-callback-failed-title = Algo deu errado do nosso lado
page-callback-failed-text = Volte ao aplicativo e comece o login de novo por lá.
page-callback-unknown-title = Este login não é conhecido aqui
page-callback-unknown-text = Volte ao aplicativo e comece o login de novo por lá.
page-callback-other-browser-title = Este login começou em outro navegador
page-callback-other-browser-text = Nada foi conectado. Volte ao aplicativo, no navegador em que você o usa, e comece de novo por lá.
page-callback-over-title = Este login foi encerrado
page-callback-over-text = Demorou demais ou foi fechado. Volte ao aplicativo e comece de novo por lá.
