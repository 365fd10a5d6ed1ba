brand-secured = Protegido por Latchkey
brand-test = Prueba
brand-close = Cerrar
brand-back = Atrás
brand-reference = Referencia
brand-fallback-app = la aplicación
brand-fallback-service = el servicio
brand-keeper = Latchkey
brand-copy-reference = Copiar la referencia { $reference }
brand-copy-text = Copiar este texto
brand-copied = Copiado
brand-privacy = Privacidad
brand-terms = Condiciones de uso

offline-title = No tiene conexión
offline-text = No tiene conexión. Esto continúa cuando vuelva.

loading-title = Cargando
loading-token = Pidiendo permiso de conexión a { $app }
loading-session = Cargando los servicios
loading-form = Cargando { $service }
loading-slow = Está tardando más de lo habitual.
loading-give-up = Cerrar

pick-title = Conectar un servicio
pick-lead = Elija qué puede usar { $app }.
pick-search = Buscar servicios
pick-all = Todos
pick-own = Tus conexiones ({ $count })
pick-connected = Conectado
pick-connected-count =
    { $count ->
        [one] { $count } conectado
       *[other] { $count } conectados
    }
pick-none = No hay resultados para «{ $query }».
pick-clear = Borrar la búsqueda
pick-results =
    { $count ->
        [one] { $count } servicio
       *[other] { $count } servicios
    }
pick-list = Servicios
pick-categories = Categorías

category-accounting = Contabilidad
category-ai = IA
category-analytics = Analítica
category-calendar = Calendario
category-chat = Chat
category-communication = Comunicación
category-crm = CRM
category-development = Desarrollo
category-email = Correo
category-files = Archivos
category-hr = RR. HH.
category-identity = Identidad
category-marketing = Marketing
category-payments = Pagos
category-productivity = Productividad
category-sales = Ventas
category-support = Soporte

empty-title = Aún no hay nada que conectar
empty-text =
    { $environment ->
        [test] { $app } no ha activado ningún servicio en su entorno de pruebas. El equipo de { $app } puede añadir uno.
       *[other] { $app } no ha activado ningún servicio. El equipo de { $app } puede añadir uno.
    }

explain-title = Conectar { $service }
explain-reconnect-title = Volver a conectar { $service }
explain-reconnect-reason = La conexión con { $service } ya no funciona.
explain-reconnect-refused = { $service } ya no acepta esta conexión.
explain-reconnect-keeps = Vuelva a conectarlo y { $app } seguirá donde se quedó.
explain-account = Use la misma cuenta de { $service } que antes: { $account }. Cualquier otra se rechaza.
explain-permission = Usar el permiso «{ $scope }»
explain-keeps = { $keeper } guarda el acceso cifrado y lo usa solo para { $app }. Puede retirarlo en sus ajustes de { $service }.
explain-keeps-unnamed = El acceso se guarda cifrado y se usa solo para { $app }. Puede retirarlo en sus ajustes de { $service }.
explain-lead = { $app } solicita usar su cuenta de { $service }.
explain-access = { $app } podrá
explain-owner = La conexión pertenecerá a { $owner }
explain-promise = { $service } se abre en su propia ventana. { $app } nunca ve su contraseña.
explain-promise-same-tab = { $service } se abre en esta pestaña y después le trae de vuelta. { $app } nunca ve su contraseña.
explain-promise-code = Usted escribe un código en la página de { $service }. { $app } nunca ve su contraseña.
explain-key-promise = Se guarda cifrado y se usa solo para { $app }.
explain-button = Conectar { $service }
explain-reconnect-button = Reconectar { $service }
explain-docs = Qué significan estos permisos
explain-policies = Cómo trata { $app } sus datos:
explain-other = Otra forma: { $method }

form-name = Nombre de esta conexión
form-name-help = Para distinguir dos cuentas. Puede dejarlo vacío.
form-optional = opcional
form-find-short = ¿Dónde lo encuentro?
form-reveal = Mostrar
form-conceal = Ocultar
form-reveal-label = Mostrar { $label }
form-conceal-label = Ocultar { $label }
form-required = Falta { $label }.
form-pattern = No parece correcto para «{ $label }». Compruebe que lo ha copiado todo.
form-characters = «{ $label }» contiene un carácter que no se puede enviar. Cópielo de nuevo.
form-choose = Elija una opción
form-other = Otra dirección
form-checking = Comprobando con { $service }
form-refused = { $service } lo ha rechazado. Revíselo e inténtelo de nuevo.
form-stop = Dejar de esperar

waiting-title = Continúe en la ventana de { $service }
waiting-text = Inicie sesión en { $service } en esa ventana. Esta página continúa sola.
waiting-closed = ¿Ha cerrado la ventana de { $service }?
waiting-no-window = ¿No ve ninguna ventana?
waiting-reopen = Abrirla de nuevo
waiting-cancel = Cancelar
waiting-other = Usar otra forma
waiting-code-title = Escriba este código en la otra ventana
waiting-code-text = Demuestra que las dos ventanas son suyas.
waiting-code-label = El código es { $code }

code-title = Escriba este código en { $service }
code-text = Abra la página de { $service } y compruebe que muestra este código, o escríbalo allí. Esta página continúa sola.
code-open = Abrir la página de { $service }
code-copy = Copiar el código
code-copied = Copiado
code-elsewhere = En otro dispositivo: { $address }
code-left = Tiempo restante: { $time }
code-minute = El código vale un minuto más.

redirecting-title = Abriendo { $service }
redirecting-text = Volverá aquí cuando haya iniciado sesión.
redirecting-stuck-title = Esta página no ha avanzado
redirecting-stuck-text = Vuelva a cargar la página e inténtelo de nuevo, o continúe aquí.
redirecting-here = Continuar en esta pestaña

verifying-title = Terminando con { $service }
verifying-text = Tardará un momento.
verifying-customer-title = { $app } confirma que es usted
verifying-customer-text = Siga en la otra ventana hasta el final. Esta página continúa sola.

choose-title = Elija qué conectar
choose-lead = Su inicio de sesión en { $service } da acceso a varias cuentas o espacios de trabajo. Elija lo que usará { $app }.
choose-list = Opciones
choose-search = Buscar
choose-results =
    { $count ->
        [one] { $count } elemento
       *[other] { $count } elementos
    }
choose-changed = Lo que estaba conectado ya no aparece. Elija otro elemento, o cancele y nada cambia.
choose-unsent = No se ha podido completar. Elija de nuevo.
choose-elsewhere-title = Elija en la ventana de { $service }
choose-elsewhere-text = Su inicio de sesión da acceso a varias cuentas o espacios de trabajo. Elija allí; esta página continúa sola.

success-title = { $service } está conectado
success-again-title = { $service } vuelve a estar conectado
success-text = { $app } ya puede usarlo.
success-text-owner = { $app } ya puede usarlo para { $owner }.
success-generic-title = Su cuenta está conectada
success-done = Listo
success-another = Conectar otro servicio

partial-title = { $app } ha obtenido menos acceso del que pidió. No podrá:
partial-text = Si algo no funciona en { $app }, vuelva a conectar { $service } y deje todas las casillas marcadas.
partial-rest = Permitir el resto
partial-rest-text = Puede permitir el resto ahora. Lo que ya funciona no cambia.

kept-title = { $service } sigue como estaba
kept-text = No se ha quitado nada: { $app } puede usar { $service } como antes.

connected-title = { $service } ya está conectado
connected-text = { $app } puede usarlo.
connected-text-owner = { $app } puede usarlo para { $owner }.
connected-accounts = Cuentas conectadas
connected-more = y { $count } más
connected-keep = Dejarlo como está
connected-another = Conectar otra cuenta de { $service }

approval-title = { $service } necesita la aprobación de un administrador
approval-text = Su organización decide allí qué aplicaciones pueden conectarse. Pida al administrador de { $service } que apruebe { $app } e inténtelo de nuevo.
approval-said = { $service } indicó: «{ $said }»
approval-request = Me gustaría conectar { $service } con { $app }. { $service } pide antes la aprobación de un administrador: permita { $app } en los ajustes de aplicaciones de { $service } y avíseme después.

account-title = Esa es otra cuenta
account-changed = No se ha cambiado nada: la conexión sigue con la cuenta que tiene.
account-known = Inicie sesión en { $service } como { $account }.
account-unnamed = Inicie sesión en { $service } con la cuenta anterior.
account-unknown = { $service } no ha indicado qué cuenta es, así que la conexión sigue como estaba. Inténtelo de nuevo en un minuto.
account-again = Reconectar { $service }

webview-title = Es posible que { $service } no se abra aquí
webview-text = Este es el navegador de otra aplicación, y muchos servicios no permiten iniciar sesión en él. Abra { $app } en su propio navegador y conecte { $service } allí.
webview-open = Abrir en el navegador
webview-copy = Copiar la dirección
webview-copied = Copiado
webview-anyway = Probar aquí

failure-title = { $service } no está conectado
failure-generic-title = La cuenta no está conectada
failure-retry = Intentar de nuevo
failure-list = Elegir otro servicio
failure-close = Cerrar
failure-token-title = La conexión no ha empezado
failure-token = { $app } no ha respondido como se esperaba. Inténtelo de nuevo. Si sigue igual, el equipo de { $app } puede resolverlo; muéstreles esto:
failure-generic = Algo ha fallado por el camino. No se ha guardado nada. Inténtelo de nuevo.
failure-network = No hay respuesta. Compruebe su conexión a internet e inténtelo de nuevo.
failure-server-title = Esto no funciona en este momento
failure-server = El fallo es nuestro y no se ha guardado nada. Inténtelo de nuevo en un minuto.
failure-provider-title = { $service } no responde
failure-provider = No se ha guardado nada. Puede que { $service } no esté disponible por un momento: inténtelo de nuevo en un minuto.
failure-denied = No ha permitido el acceso en { $service }, así que { $app } no lo tiene. Si no era su intención, inténtelo de nuevo y permítalo.
failure-final = { $service } no acepta la forma en que { $app } pide acceso, e intentarlo de nuevo no servirá. El equipo de { $app } puede resolverlo; muéstreles esto:
failure-timed-out = El inicio de sesión no se completó a tiempo. No se ha conectado nada.
failure-embedder-title = Esta página no puede abrirse aquí
failure-embedder = { $origin } no está en la lista de direcciones que pueden mostrar esta página. El equipo de ese sitio puede añadirla a los orígenes de su proyecto en Latchkey.
failure-no-embedder-title = La página que contiene a esta no ha respondido
failure-no-embedder = Vuelva a cargar la página e inténtelo de nuevo. Si sigue igual, el equipo de la página debe revisar cómo abre Latchkey.

expired-title = Ha tardado demasiado
expired-text = Por seguridad, un inicio de sesión solo está abierto un tiempo breve. No se ha conectado nada. Empiece de nuevo cuando quiera.
expired-again = Empezar de nuevo

cancelled-title = No se ha conectado nada
cancelled-text = Se ha detenido antes de conectar { $service }. { $app } no tiene acceso.
cancelled-again = Conectar { $service }

rejected-title = Este inicio de sesión se ha rechazado
rejected-text = En la otra ventana alguien indicó que este inicio de sesión no era suyo. No se ha conectado nada y no hay que hacer nada más.
rejected-another = Lo ha completado una persona distinta de la que { $app } conoce aquí. No se ha conectado nada. Inicie sesión en { $app } con su propia cuenta y empiece allí de nuevo.

blocked-title = El navegador no ha abierto la ventana
blocked-text = Abra usted el inicio de sesión de { $service }.
blocked-open = Abrir el inicio de sesión
blocked-here = Continuar en esta pestaña

ways-title = Otra forma de iniciar sesión
ways-text = Elija dónde se abre { $service }. La ventana anterior ya no sirve.

reload-title = Vuelva a cargar esta página
reload-text = Ha vuelto con el botón Atrás del navegador y esta ventana ha perdido el hilo. No se ha conectado nada.

check-title = Terminando la conexión
check-text = Tardará un momento.
check-unfinished-title = El inicio de sesión no se completó
check-unfinished-text = Cierre esto y empiece de nuevo. Si lo había completado, espere un momento: esta página continúa sola.

inside-title = Esto se abre dentro de una aplicación
inside-text = Esta página forma parte de otro producto y solo funciona allí. Vuelva a la aplicación que le ha enviado aquí y empiece de nuevo.

token-missing = No hay ningún punto de acceso de tokens: indique su dirección al script de inserción.
token-relative = La dirección del punto de acceso de tokens debe ser absoluta y empezar por https://.
token-unreachable = No se puede acceder al punto de acceso de tokens de { $host }, o no permite esta página (CORS).
token-timed-out = El punto de acceso de tokens de { $host } no respondió en 20 segundos.
token-not-json = El punto de acceso de tokens de { $host } respondió { $status } con algo que no es JSON.
token-empty = El punto de acceso de tokens de { $host } dio una respuesta vacía.
token-unknown = El punto de acceso de tokens de { $host } respondió { $status } sin una sesión.
token-no-session = La respuesta del punto de acceso de tokens no tiene identificador de solicitud.
token-timed-out-port = La página no entregó un token en 20 segundos.

start-resume-title = Continúe con su inicio de sesión
start-resume-button = Continuar a { $service }
start-nothing-title = No hay nada que continuar aquí
start-nothing = En esta ventana no hay ningún inicio de sesión en curso. Ciérrela y empiece de nuevo en la aplicación.
start-unknown-title = Este inicio de sesión ya no se conoce
start-unknown = Cierre esta ventana y empiece de nuevo en la aplicación.
start-spent-title = Este inicio de sesión ya se abrió
start-spent = Solo puede abrirse una vez. Busque la otra ventana o empiece de nuevo en la aplicación.
start-foreign-title = Abra esto desde la aplicación
start-foreign = Esta dirección solo funciona si la abre la propia aplicación. Si alguien se la ha enviado, no continúe.
start-return-title = El camino de vuelta no está permitido
start-return-text = La dirección de la aplicación no está en la lista de su proyecto. El equipo de la aplicación puede añadirla en Latchkey.
start-expired-title = Ha tardado demasiado
start-expired = Cierre esta ventana y empiece de nuevo en la aplicación.
start-failed-title = La página de inicio de sesión no se ha abierto
start-failed = En este momento no se puede acceder a Latchkey. Cierre esta ventana e inténtelo de nuevo en la aplicación.
start-close = Cerrar esta ventana
start-may-close = Puede cerrar esta ventana.

confirm-wrong-code = Ese no es el código. Mire la primera ventana e inténtelo de nuevo.
confirm-empty-code = Escriba el código que muestra la primera ventana.
confirm-rejected-title = Detenido
confirm-rejected = No se ha conectado nada. Si usted no lo ha iniciado, no tiene que hacer nada más.
confirm-gone-title = Este inicio de sesión ha terminado
confirm-gone = Cierre esta ventana y empiece de nuevo en la aplicación.
confirm-failed = En este momento no se puede acceder a Latchkey. Inténtelo de nuevo.

link-loading = Leyendo el enlace
link-title = Volver a conectar { $service }
link-failed = { $app } ya no puede usar su cuenta de { $service }.
link-expiring = El acceso de { $app } a su cuenta de { $service } termina pronto.
link-account = Inicie sesión allí como { $account }
link-same = Use la misma cuenta que antes. Otra se rechaza.
link-opening = Abriendo
link-closed-title = Puede cerrar esta ventana
link-closed = Lo que siga, hágalo en { $app }.
link-used-title = Está hecho
link-used = Ya se volvió a conectar. No hay nada que hacer.
link-over-title = Este enlace ya no funciona
link-expired = Este enlace ha caducado. Abra la aplicación que lo envió y vuelva a conectar allí.
link-deleted = La conexión de este enlace se eliminó. Abra la aplicación que lo envió y conecte allí.
link-incomplete-title = Este enlace no está completo
link-connect-title = Conectar { $service } con { $app }
link-connect-any-title = Conectar tus cuentas con { $app }
link-manage-title = Tus conexiones con { $app }
link-invited = { $inviter } te pide que conectes { $service } con { $app }.
link-invited-any = { $inviter } te pide que conectes cuentas con { $app }.
link-asked = { $app } te pide que conectes { $service }.
link-asked-any = { $app } te pide que conectes cuentas.
link-reconnect = { $app } te pide que vuelvas a conectar tu cuenta de { $service }.
link-of = Conexiones de { $owner }
link-not-you = Si no eres tú, no sigas: cierra esta página.
link-once = Este enlace funciona una sola vez.
link-manage-lead = Mira qué cuentas tuyas puede usar { $app }, vuelve a conectarlas o desconéctalas.
link-continue = Continuar a { $service }
link-used-once = Este enlace ya se usó: la cuenta está conectada. No hay nada que hacer.
link-revoked = Este enlace se ha retirado. Pide uno nuevo a quien te lo envió.
link-ended = Este enlace ha caducado. Pide uno nuevo a quien te lo envió.
link-back = Volver a { $app }
link-close = Cerrar esta ventana
link-incomplete = Falta una parte del enlace. Ábrelo entero, tal como te lo enviaron, o ve a la aplicación que lo envió.

## One's own connections, in the modal and by a link

manage-title = Tus conexiones
manage-lead = { $app } puede usar estas cuentas.
manage-lead-owner = { $app } puede usar estas cuentas para { $owner }.
manage-loading = Leyendo tus conexiones
manage-since = Conectado el { $date }
manage-used = Usado por última vez el { $date }
manage-unused = Aún sin usar
manage-state-operational = Funciona
manage-state-degraded = Funciona. Ahora falla la renovación y se volverá a intentar.
manage-state-failed = Ya no funciona. Vuelve a conectarlo.
manage-state-unknown = Aún sin comprobar
manage-state-off = Desactivado por { $app }
manage-reconnect = Volver a conectar
manage-disconnect = Desconectar
manage-disconnect-button = Desconectar { $service }
manage-more = Mostrar más
manage-empty-title = Aún no hay conexiones
manage-empty = { $app } no tiene acceso a ninguna cuenta tuya.
manage-confirm-title = ¿Desconectar { $service }?
manage-confirm = { $app } ya no podrá usar esta cuenta de { $service }. Lo que { $app } haya leído antes se queda allí.
manage-ending-revoked = También se pide a { $service } que termine el acceso.
manage-ending-kept = Desde aquí no se puede pedir a { $service } que termine el acceso. Quita también { $app } en los ajustes de tu cuenta allí.
manage-ending-shared = El acceso en { $service } se mantiene porque otra conexión lo usa. Termina con la última de ellas.
manage-ending-key = La clave sigue siendo válida en { $service } hasta que la borres allí.
manage-disconnecting = Desconectando
manage-keep = Conservar { $service }
manage-done-title = { $service } está desconectado
manage-done-text = { $app } ya no puede usar esta cuenta de { $service }.
manage-done-pending = Se está pidiendo a { $service } que termine el acceso.
manage-done-failed = No se pudo pedir a { $service } que terminara el acceso. Quita { $app } en los ajustes de tu cuenta allí.
manage-back = Ver tus conexiones
manage-gone-title = { $service } ya está desconectado
manage-gone = La conexión se terminó mientras tanto en otro lugar. No hay que hacer nada más.

problem-access-denied = { $service } no se ha conectado: no se permitió el acceso.
problem-account-changed = Esta cuenta de { $service } no es la que estaba conectada. Inicie sesión con la cuenta anterior o cree una conexión nueva.
problem-account-unknown = { $service } no ha indicado qué cuenta es, así que la conexión sigue como estaba. Inténtelo de nuevo en un minuto.
problem-address-unreachable = No se puede acceder a { $service } en la dirección introducida. Compruebe la dirección e inténtelo de nuevo.
problem-app-broken = { $service } ha rechazado la configuración de esta aplicación. El equipo de la aplicación debe revisarla.
problem-app-refused = { $service } ha rechazado la forma en que esta aplicación pide acceso. Su equipo debe revisar la configuración allí.
problem-cannot-confirm = { $service } se conecta con un código, y esta aplicación confirma quién ha iniciado sesión, lo que un código no puede mostrar. Su equipo puede cambiarlo.
problem-cannot-widen = El resto no se puede permitir desde aquí. Vuelva a conectar { $service } en la aplicación.
problem-choices-refused = { $service } no ha indicado qué puede usar esta cuenta. Use otra cuenta, o pida acceso a quienes gestionan { $service } en su organización.
problem-choices-unexpected = { $service } ha respondido de una forma no prevista. El equipo de la aplicación debe revisarlo.
problem-code-expired = { $service } ya no acepta este inicio de sesión. Empiece de nuevo.
problem-credential-refused = { $service } ha rechazado estos datos. Revíselos e inténtelo de nuevo.
problem-expired = El inicio de sesión ha tardado demasiado. Empiece de nuevo.
problem-field-errors = Hay datos que debe revisar.
problem-flow-expired = Este inicio de sesión ha tardado demasiado y ha terminado. Empiece de nuevo en la aplicación.
problem-integration-changed = Ha cambiado la forma de iniciar sesión en { $service }. Empiece de nuevo en la aplicación.
problem-integration-not-offered = { $service } no se puede conectar aquí. El equipo de la aplicación puede activarlo.
problem-interrupted = El inicio de sesión en { $service } se ha interrumpido. Inténtelo de nuevo.
problem-link-revoked = El enlace se ha retirado. No se conectó nada.
problem-issuer-mismatch = La respuesta no venía de { $service }. Empiece de nuevo; si ocurre dos veces, avise al equipo de la aplicación.
problem-less-access = { $service } ha concedido menos que antes, así que la conexión quedó como estaba. Inténtelo de nuevo y deje todas las casillas marcadas.
problem-login-required = { $service } pide que primero inicie sesión allí. Inténtelo de nuevo.
problem-no-verify-url = La aplicación no tiene una dirección para confirmar inicios de sesión. Su equipo puede definir una.
problem-not-me = Alguien ha indicado que este inicio de sesión no era suyo. No se ha conectado nada.
problem-nothing-to-choose = { $service } no tiene nada que esta cuenta pueda usar. Use otra cuenta, o pida acceso a quienes gestionan { $service } en su organización.
problem-provider-refused = { $service } ha rechazado el inicio de sesión.
problem-provider-unavailable = { $service } no ha respondido como se esperaba. Inténtelo de nuevo en unos minutos.
problem-session-expired = La sesión de conexión ha terminado. Empiece de nuevo.
problem-session-used = Esta sesión ya creó su conexión. Empiece de nuevo en la aplicación.
problem-wrong-code = Ese no es el código. Mire la primera ventana e inténtelo de nuevo.
problem-manage-not-allowed = Aquí no se pueden gestionar conexiones. Use la aplicación desde la que llegó.
problem-other-project = Esto no pertenece a esta dirección. Empiece de nuevo en la aplicación.
problem-too-many-reconnects = Se ha vuelto a conectar demasiadas veces en una hora. Espere un rato e inténtelo de nuevo.
problem-too-many-flows = Se han iniciado demasiados inicios de sesión desde esta ventana. Ciérrela y empiece de nuevo en la aplicación.

page-embed-title = Conectar
page-embed-unknown-title = Esta dirección no está en uso
page-embed-unknown-text = Ninguna aplicación de este servidor tiene aquí una ventana de conexión. Vuelva a la aplicación; quien la gestiona encuentra la dirección correcta en la consola, en Embed.
page-embed-later-text = Esta ventana no se puede abrir ahora. Lo intenta de nuevo sola.
page-choose-title = Elija qué conectar
page-no-script = Esta página necesita JavaScript. Permítalo para esta página y vuelva a cargarla.
page-frame-no-script = Esta ventana necesita JavaScript. Permítalo para esta página y vuelva a cargarla.

page-start-title = Abriendo la página de inicio de sesión
page-start-text = Un momento.
page-start-framed-title = Esta página se abre en su propia ventana
page-start-framed-text = No puede mostrarse dentro de otra página. Vuelva a la aplicación y empiece de nuevo.

page-confirm-window-title = Conectar { $service } con { $app }
page-confirm-title = ¿Es este su inicio de sesión?
page-confirm-lead = { $app } solicita conectar { $service }.
page-confirm-owner = Pertenece a
page-confirm-origin = Viene de
page-confirm-started = Iniciado
page-confirm-code = Código de la primera ventana
page-confirm-hint = Si no acaba de iniciar esto en { $app }, elija «No he sido yo».
page-confirm-continue = Continuar a { $service }
page-confirm-refuse = No he sido yo
page-confirm-nothing-title = Aquí no hay nada que confirmar
page-confirm-nothing-text = Este inicio de sesión ha terminado o se inició en otro navegador. Vuelva a la aplicación y empiece de nuevo.

page-done-account = La cuenta
page-done-app = La aplicación
page-done-success-title = { $service } está conectado
page-done-success-text = { $app } continúa por su cuenta.
page-done-failure-title = { $service } no está conectado
page-done-failure-text = Algo ha fallado por el camino. No se ha guardado nada. Empiece de nuevo en la aplicación.
page-done-cancelled-title = No se ha conectado nada
page-done-cancelled-text = El inicio de sesión se ha detenido. { $app } no tiene acceso.
page-done-verifying-title = Queda un paso
page-done-verifying-text = { $app } tiene que confirmar que ha sido usted.
page-done-pending-title = { $service } aún no está conectado
page-done-pending-text = El inicio de sesión sigue en curso. Complételo en la ventana donde está abierto; después, esta página dirá cómo ha terminado. Si esa ventana ya no existe, empiece de nuevo en { $app }.
page-done-neutral-title = Este inicio de sesión ha terminado
page-done-neutral-text = La aplicación donde empezó muestra cómo ha terminado.
page-done-back = Volver a { $app }

page-callback-no-app-title = Esta dirección no está en uso
page-callback-no-app-text = La dirección de redirección del servicio no corresponde a ninguna aplicación de este servidor. Quien gestiona la aplicación la compara con `latchkey apps list`.
page-callback-incomplete-title = Esta dirección no está completa
page-callback-incomplete-text = Vuelva a la aplicación y empiece allí de nuevo el inicio de sesión.
page-callback-later-title = Un momento
page-callback-later-text = El inicio de sesión no se puede completar ahora. Esta página lo intenta de nuevo sola.
page-callback-put-back-text = El inicio de sesión en { $service } no se puede completar ahora. No se ha perdido nada; esta página lo intenta de nuevo sola.
page-callback-failed-title = Algo ha fallado por nuestra parte
page-callback-failed-text = Vuelva a la aplicación y empiece allí de nuevo el inicio de sesión.
page-callback-unknown-title = Este inicio de sesión no se conoce aquí
page-callback-unknown-text = Vuelva a la aplicación y empiece allí de nuevo el inicio de sesión.
page-callback-other-browser-title = Se inició en otro navegador
page-callback-other-browser-text = No se ha conectado nada. Vuelva a la aplicación, en el navegador en que la usa, y empiece allí de nuevo.
page-callback-over-title = Este inicio de sesión ha terminado
page-callback-over-text = Tardó demasiado o se cerró. Vuelva a la aplicación y empiece allí de nuevo.
