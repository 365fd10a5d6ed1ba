brand-secured = Protetto da Latchkey
brand-test = Test
brand-close = Chiudi
brand-back = Indietro
brand-reference = Riferimento
brand-fallback-app = l’app
brand-fallback-service = il servizio
brand-keeper = Latchkey
brand-copy-reference = Copia il riferimento { $reference }
brand-copy-text = Copia questo testo
brand-copied = Copiato
brand-privacy = Privacy
brand-terms = Condizioni d’uso

offline-title = Non è in linea
offline-text = Non è in linea. Si prosegue quando torna la connessione.

loading-title = Caricamento
loading-token = Richiesta a { $app } del permesso di collegamento
loading-session = Caricamento dei servizi
loading-form = Caricamento di { $service }
loading-slow = Ci vuole più tempo del solito.
loading-give-up = Chiudi

pick-title = Collega un servizio
pick-lead = Scelga che cosa può usare { $app }.
pick-search = Cerca un servizio
pick-all = Tutti
pick-own = Le tue connessioni ({ $count })
pick-connected = Collegato
pick-connected-count =
    { $count ->
        [one] { $count } collegato
       *[other] { $count } collegati
    }
pick-none = Nessun risultato per «{ $query }».
pick-clear = Cancella la ricerca
pick-results =
    { $count ->
        [one] { $count } servizio
       *[other] { $count } servizi
    }
pick-list = Servizi
pick-categories = Categorie

category-accounting = Contabilità
category-ai = IA
category-analytics = Analisi
category-calendar = Calendario
category-chat = Chat
category-communication = Comunicazione
category-crm = CRM
category-development = Sviluppo
category-email = Email
category-files = File
category-hr = Risorse umane
category-identity = Identità
category-marketing = Marketing
category-payments = Pagamenti
category-productivity = Produttività
category-sales = Vendite
category-support = Assistenza

empty-title = Ancora nulla da collegare
empty-text =
    { $environment ->
        [test] { $app } non ha attivato alcun servizio nel suo ambiente di prova. Chi gestisce { $app } può aggiungerne uno.
       *[other] { $app } non ha attivato alcun servizio. Chi gestisce { $app } può aggiungerne uno.
    }

explain-title = Collega { $service }
explain-reconnect-title = Ricollega { $service }
explain-reconnect-reason = Il collegamento a { $service } non funziona più.
explain-reconnect-refused = { $service } non accetta più questo collegamento.
explain-reconnect-keeps = Lo ricolleghi e { $app } riprenderà da dove si era fermato.
explain-account = Usi lo stesso account { $service } di prima: { $account }. Un altro viene rifiutato.
explain-permission = Usare il permesso «{ $scope }»
explain-keeps = { $keeper } conserva l’accesso cifrato e lo usa solo per { $app }. Può revocarlo nelle impostazioni di { $service }.
explain-keeps-unnamed = L’accesso è conservato cifrato e usato solo per { $app }. Può revocarlo nelle impostazioni di { $service }.
explain-lead = { $app } chiede di usare il Suo account { $service }.
explain-access = { $app } potrà
explain-owner = Il collegamento apparterrà a { $owner }
explain-promise = { $service } si apre in una finestra propria. { $app } non vede mai la Sua password.
explain-promise-same-tab = { $service } si apre in questa scheda e poi La riporta qui. { $app } non vede mai la Sua password.
explain-promise-code = Lei inserisce un codice nella pagina di { $service }. { $app } non vede mai la Sua password.
explain-key-promise = Conservato cifrato e usato solo per { $app }.
explain-button = Collega { $service }
explain-reconnect-button = Ricollega { $service }
explain-docs = Che cosa significano questi permessi
explain-policies = Come { $app } tratta i suoi dati:
explain-other = Un altro modo: { $method }

form-name = Nome di questo collegamento
form-name-help = Per distinguere due account. Può lasciarlo vuoto.
form-optional = facoltativo
form-find-short = Dove lo trovo?
form-reveal = Mostra
form-conceal = Nascondi
form-reveal-label = Mostra { $label }
form-conceal-label = Nascondi { $label }
form-required = Manca: { $label }.
form-pattern = Non sembra corretto per «{ $label }». Controlli di aver copiato tutto.
form-characters = «{ $label }» contiene un carattere che non si può inviare. Copi di nuovo il valore.
form-choose = Scelga un’opzione
form-other = Altro indirizzo
form-checking = Verifica con { $service }
form-refused = { $service } ha rifiutato questo valore. Lo controlli e riprovi.
form-stop = Non attendere oltre

waiting-title = Continui nella finestra di { $service }
waiting-text = Acceda a { $service } in quella finestra. Questa pagina prosegue da sola.
waiting-closed = Ha chiuso la finestra di { $service }?
waiting-no-window = Non vede alcuna finestra?
waiting-reopen = Aprila di nuovo
waiting-cancel = Annulla
waiting-other = Usa un altro modo
waiting-code-title = Inserisca questo codice nell’altra finestra
waiting-code-text = Dimostra che entrambe le finestre sono Sue.
waiting-code-label = Il codice è { $code }

code-title = Inserisca questo codice su { $service }
code-text = Apra la pagina di { $service } e verifichi che mostri questo codice, oppure lo inserisca lì. Questa pagina prosegue da sola.
code-open = Apri la pagina di { $service }
code-copy = Copia il codice
code-copied = Copiato
code-elsewhere = Su un altro dispositivo: { $address }
code-left = Tempo rimasto: { $time }
code-minute = Il codice vale ancora un minuto.

redirecting-title = Apertura di { $service }
redirecting-text = Tornerà qui dopo aver effettuato l’accesso.
redirecting-stuck-title = Questa pagina non è andata avanti
redirecting-stuck-text = Ricarichi la pagina e riprovi, oppure continui qui.
redirecting-here = Continua in questa scheda

verifying-title = Completamento con { $service }
verifying-text = Ci vuole un momento.
verifying-customer-title = { $app } conferma che è Lei
verifying-customer-text = Segua l’altra finestra fino alla fine. Questa pagina prosegue da sola.

choose-title = Scelga cosa collegare
choose-lead = Il Suo accesso a { $service } comprende più account o spazi di lavoro. Scelga quello che { $app } userà.
choose-list = Scelte possibili
choose-search = Cerca
choose-results =
    { $count ->
        [one] { $count } elemento
       *[other] { $count } elementi
    }
choose-changed = Ciò che era collegato non è più in elenco. Scelga un altro elemento, o annulli e nulla cambia.
choose-unsent = L’operazione non è riuscita. Scelga di nuovo.
choose-elsewhere-title = Scelga nella finestra di { $service }
choose-elsewhere-text = Il Suo accesso comprende più account o spazi di lavoro. Scelga in quella finestra; questa pagina prosegue da sola.

success-title = { $service } è collegato
success-again-title = { $service } è di nuovo collegato
success-text = { $app } ora può usarlo.
success-text-owner = { $app } ora può usarlo per { $owner }.
success-generic-title = Il Suo account è collegato
success-done = Fine
success-another = Collega un altro servizio

partial-title = { $app } ha ottenuto meno accesso di quanto chiesto. Non potrà:
partial-text = Se qualcosa in { $app } non funziona, ricolleghi { $service } e lasci selezionate tutte le caselle.
partial-rest = Consenti il resto
partial-rest-text = Può consentire il resto ora. Ciò che già funziona resta com’è.

kept-title = { $service } resta com’era
kept-text = Nulla è stato tolto: { $app } può usare { $service } come prima.

connected-title = { $service } è già collegato
connected-text = { $app } può usarlo.
connected-text-owner = { $app } può usarlo per { $owner }.
connected-accounts = Account collegati
connected-more = e altri { $count }
connected-keep = Lascia così
connected-another = Collega un altro account { $service }

approval-title = { $service } richiede l’approvazione di un amministratore
approval-text = La Sua organizzazione decide lì quali app possono collegarsi. Chieda all’amministratore di { $service } di approvare { $app }, poi riprovi.
approval-said = Messaggio di { $service }: «{ $said }»
approval-request = Vorrei collegare { $service } a { $app }. { $service } richiede prima l’approvazione di un amministratore: consenta { $app } nelle impostazioni delle app di { $service } e poi me lo faccia sapere.

account-title = Questo è un altro account
account-changed = Nulla è cambiato: il collegamento resta con il suo account.
account-known = Acceda a { $service } come { $account }.
account-unnamed = Acceda a { $service } con l’account di prima.
account-unknown = { $service } non ha indicato di quale account si tratta, quindi il collegamento è rimasto com’era. Riprovi tra un minuto.
account-again = Ricollega { $service }

webview-title = { $service } potrebbe non aprirsi qui
webview-text = Questo è il browser di un’altra app, e molti servizi non vi consentono l’accesso. Apra { $app } nel Suo browser e colleghi lì { $service }.
webview-open = Apri nel browser
webview-copy = Copia l’indirizzo
webview-copied = Copiato
webview-anyway = Prova qui

failure-title = { $service } non è collegato
failure-generic-title = L’account non è collegato
failure-retry = Riprova
failure-list = Scegli un altro servizio
failure-close = Chiudi
failure-token-title = Il collegamento non è iniziato
failure-token = { $app } non ha risposto come previsto. Riprovi. Se continua così, chi gestisce { $app } può rimediare; mostri questo testo:
failure-generic = Qualcosa è andato storto lungo il percorso. Nulla è stato salvato. Riprovi.
failure-network = Nessuna risposta. Controlli la connessione a internet e riprovi.
failure-server-title = Al momento non funziona
failure-server = Il problema è nostro e nulla è stato salvato. Riprovi tra un minuto.
failure-provider-title = { $service } non risponde
failure-provider = Nulla è stato salvato. Forse { $service } è momentaneamente fuori servizio: riprovi tra un minuto.
failure-denied = Non ha consentito l’accesso in { $service }, quindi { $app } non lo ha. Se non era Sua intenzione, riprovi e lo consenta.
failure-final = { $service } non accetta il modo in cui { $app } chiede l’accesso, e riprovare non serve. Chi gestisce { $app } può rimediare; mostri questo testo:
failure-timed-out = L’accesso non è stato completato in tempo. Nulla è stato collegato.
failure-embedder-title = Questa pagina non può aprirsi qui
failure-embedder = { $origin } non è nell’elenco degli indirizzi che possono mostrare questa pagina. Chi gestisce quel sito può aggiungerlo alle origini del progetto in Latchkey.
failure-no-embedder-title = La pagina che contiene questa non ha risposto
failure-no-embedder = Ricarichi la pagina e riprovi. Se continua così, chi gestisce la pagina deve controllare come apre Latchkey.

expired-title = Ci è voluto troppo tempo
expired-text = Per sicurezza un accesso resta aperto solo per poco. Nulla è stato collegato. Ricominci quando vuole.
expired-again = Ricomincia

cancelled-title = Nulla è stato collegato
cancelled-text = Si è fermato prima di collegare { $service }. { $app } non vi ha accesso.
cancelled-again = Collega { $service }

rejected-title = Questo accesso è stato rifiutato
rejected-text = Nell’altra finestra qualcuno ha indicato che questo accesso non era il suo. Nulla è stato collegato e non serve altro.
rejected-another = Lo ha completato una persona diversa da quella che { $app } conosce qui. Nulla è stato collegato. Acceda a { $app } con il Suo account e ricominci lì.

blocked-title = Il browser non ha aperto la finestra
blocked-text = Apra Lei la pagina di accesso di { $service }.
blocked-open = Apri la finestra di accesso
blocked-here = Continua in questa scheda

ways-title = Un altro modo per accedere
ways-text = Scelga dove aprire { $service }. La finestra di prima non vale più.

reload-title = Ricarichi questa pagina per continuare
reload-text = È tornato con il pulsante Indietro del browser e questa finestra ha perso il filo. Nulla è stato collegato.

check-title = Completamento del collegamento
check-text = Ci vuole un momento.
check-unfinished-title = L’accesso non è stato completato
check-unfinished-text = Chiuda e ricominci. Se lo aveva completato, attenda un momento: questa pagina prosegue da sola.

inside-title = Si apre all’interno di un’app
inside-text = Questa pagina fa parte di un altro prodotto e funziona solo lì. Torni all’app che L’ha portata qui e ricominci.

token-missing = Nessun endpoint dei token impostato: indichi il suo indirizzo allo script di incorporamento.
token-relative = L’indirizzo dell’endpoint dei token deve essere assoluto e iniziare con https://.
token-unreachable = L’endpoint dei token su { $host } non è raggiungibile o non consente questa pagina (CORS).
token-timed-out = L’endpoint dei token su { $host } non ha risposto entro 20 secondi.
token-not-json = L’endpoint dei token su { $host } ha risposto { $status } con qualcosa che non è JSON.
token-empty = L’endpoint dei token su { $host } ha dato una risposta vuota.
token-unknown = L’endpoint dei token su { $host } ha risposto { $status } senza una sessione.
token-no-session = La risposta dell’endpoint dei token non ha l’id della richiesta.
token-timed-out-port = La pagina non ha consegnato un token entro 20 secondi.

start-resume-title = Continui il Suo accesso
start-resume-button = Continua su { $service }
start-nothing-title = Qui non c’è nulla da continuare
start-nothing = In questa finestra non c’è alcun accesso in corso. La chiuda e ricominci nell’app.
start-unknown-title = Questo accesso non è più noto
start-unknown = Chiuda questa finestra e ricominci nell’app.
start-spent-title = Questo accesso è già stato aperto
start-spent = Si può aprire una sola volta. Cerchi l’altra finestra o ricominci nell’app.
start-foreign-title = Lo apra dall’app
start-foreign = Questo indirizzo funziona solo se è l’app stessa ad aprirlo. Se qualcuno gliel’ha inviato, non prosegua.
start-return-title = La via del ritorno non è consentita
start-return-text = L’indirizzo dell’app non è nell’elenco del suo progetto. Chi gestisce l’app può aggiungerlo in Latchkey.
start-expired-title = Ci è voluto troppo tempo
start-expired = Chiuda questa finestra e ricominci nell’app.
start-failed-title = La pagina di accesso non si è aperta
start-failed = Al momento Latchkey non è raggiungibile. Chiuda questa finestra e riprovi nell’app.
start-close = Chiudi questa finestra
start-may-close = Può chiudere questa finestra.

confirm-wrong-code = Il codice non è questo. Guardi la prima finestra e riprovi.
confirm-empty-code = Inserisca il codice mostrato nella prima finestra.
confirm-rejected-title = Interrotto
confirm-rejected = Nulla è stato collegato. Se non è stato Lei a iniziare, non serve altro.
confirm-gone-title = Questo accesso è terminato
confirm-gone = Chiuda questa finestra e ricominci nell’app.
confirm-failed = Al momento Latchkey non è raggiungibile. Riprovi.

link-loading = Lettura del link
link-title = Ricollega { $service }
link-failed = { $app } non può più usare il Suo account { $service }.
link-expiring = L’accesso di { $app } al Suo account { $service } sta per finire.
link-account = Acceda lì come { $account }
link-same = Usi lo stesso account di prima. Un altro viene rifiutato.
link-opening = Apertura
link-closed-title = Può chiudere questa finestra
link-closed = Il resto avviene in { $app }.
link-used-title = È fatto
link-used = Il collegamento è già stato ripristinato. Non c’è niente da fare.
link-over-title = Questo link non funziona più
link-expired = Questo link è scaduto. Apra l’app che lo ha inviato e ricolleghi da lì.
link-deleted = Il collegamento di questo link è stato eliminato. Apra l’app che lo ha inviato e colleghi da lì.
link-incomplete-title = Questo link non è completo
link-connect-title = Collega { $service } a { $app }
link-connect-any-title = Collega i tuoi account a { $app }
link-manage-title = Le tue connessioni con { $app }
link-invited = { $inviter } ti chiede di collegare { $service } a { $app }.
link-invited-any = { $inviter } ti chiede di collegare degli account a { $app }.
link-asked = { $app } ti chiede di collegare { $service }.
link-asked-any = { $app } ti chiede di collegare degli account.
link-reconnect = { $app } ti chiede di ricollegare il tuo account { $service }.
link-of = Connessioni di { $owner }
link-not-you = Se non sei tu, non andare avanti: chiudi questa pagina.
link-once = Questo link funziona una sola volta.
link-manage-lead = Vedi quali tuoi account può usare { $app }, ricollegali o scollegali.
link-continue = Continua su { $service }
link-used-once = Questo link è stato usato: l’account è collegato. Non c’è altro da fare.
link-revoked = Questo link è stato ritirato. Chiedine uno nuovo a chi te l’ha mandato.
link-ended = Questo link è scaduto. Chiedine uno nuovo a chi te l’ha mandato.
link-back = Torna a { $app }
link-close = Chiudi questa finestra
link-incomplete = Manca una parte del link. Aprilo per intero, come ti è stato mandato, o vai nell’app che l’ha mandato.

## One's own connections, in the modal and by a link

manage-title = Le tue connessioni
manage-lead = { $app } può usare questi account.
manage-lead-owner = { $app } può usare questi account per { $owner }.
manage-loading = Lettura delle tue connessioni
manage-since = Collegato il { $date }
manage-used = Usato l’ultima volta il { $date }
manage-unused = Non ancora usato
manage-state-operational = Funziona
manage-state-degraded = Funziona. Il rinnovo al momento non riesce e verrà ritentato.
manage-state-failed = Non funziona più. Ricollegalo.
manage-state-unknown = Non ancora verificato
manage-state-off = Disattivato da { $app }
manage-reconnect = Ricollega
manage-disconnect = Scollega
manage-disconnect-button = Scollega { $service }
manage-more = Mostra altri
manage-empty-title = Ancora nessuna connessione
manage-empty = { $app } non ha accesso a nessun tuo account.
manage-confirm-title = Scollegare { $service }?
manage-confirm = Da quel momento { $app } non potrà più usare questo account { $service }. Ciò che { $app } ha già letto resta lì.
manage-ending-revoked = Viene anche chiesto a { $service } di terminare l’accesso.
manage-ending-kept = Da qui non si può chiedere a { $service } di terminare l’accesso. Rimuovi { $app } anche nelle impostazioni del tuo account lì.
manage-ending-shared = L’accesso presso { $service } resta, perché un’altra connessione lo usa. Termina con l’ultima di esse.
manage-ending-key = La chiave resta valida presso { $service } finché non la elimini lì.
manage-disconnecting = Scollegamento
manage-keep = Mantieni { $service }
manage-done-title = { $service } è scollegato
manage-done-text = { $app } non può più usare questo account { $service }.
manage-done-pending = Viene chiesto a { $service } di terminare l’accesso.
manage-done-failed = Non è stato possibile chiedere a { $service } di terminare l’accesso. Rimuovi { $app } nelle impostazioni del tuo account lì.
manage-back = Vedi le tue connessioni
manage-gone-title = { $service } è già scollegato
manage-gone = Nel frattempo la connessione è stata terminata altrove. Non serve altro.

problem-access-denied = { $service } non è stato collegato: l’accesso non è stato consentito.
problem-account-changed = Questo account { $service } non è quello collegato in precedenza. Acceda con l’account precedente o crei un nuovo collegamento.
problem-account-unknown = { $service } non ha indicato di quale account si tratta, quindi il collegamento è rimasto com’era. Riprovi tra un minuto.
problem-address-unreachable = { $service } non è raggiungibile all’indirizzo inserito. Controlli l’indirizzo e riprovi.
problem-app-broken = { $service } ha rifiutato le impostazioni di questa app. Chi gestisce l’app deve controllarle.
problem-app-refused = { $service } ha rifiutato il modo in cui questa app chiede l’accesso. Chi gestisce l’app deve controllare lì le impostazioni.
problem-cannot-confirm = { $service } si collega con un codice e questa app conferma chi ha effettuato l’accesso, cosa che un codice non può mostrare. Chi la gestisce può cambiarlo.
problem-cannot-widen = Il resto non si può consentire da qui. Ricolleghi { $service } nell’app.
problem-choices-refused = { $service } non ha indicato che cosa questo account può usare. Usi un altro account, o chieda l’accesso a chi gestisce { $service } da Lei.
problem-choices-unexpected = { $service } ha risposto in modo non previsto. Chi gestisce l’app deve verificare.
problem-code-expired = { $service } non accetta più questo accesso. Ricominci.
problem-credential-refused = { $service } ha rifiutato questi dati. Li controlli e riprovi.
problem-expired = L’accesso ha richiesto troppo tempo. Ricominci.
problem-field-errors = Alcuni valori sono da rivedere.
problem-flow-expired = Questo accesso ha richiesto troppo tempo ed è terminato. Ricominci nell’app.
problem-integration-changed = Il modo di accedere a { $service } è cambiato. Ricominci nell’app.
problem-integration-not-offered = { $service } non può essere collegato qui. Chi gestisce l’app può attivarlo.
problem-interrupted = L’accesso a { $service } è stato interrotto. Riprovi.
problem-link-revoked = Il link è stato ritirato. Non è stato collegato nulla.
problem-issuer-mismatch = La risposta non proveniva da { $service }. Ricominci; se succede due volte, lo segnali a chi gestisce l’app.
problem-less-access = { $service } ha concesso meno di prima, quindi il collegamento è rimasto com’era. Riprovi e lasci selezionate tutte le caselle.
problem-login-required = { $service } chiede che prima acceda lì. Riprovi.
problem-no-verify-url = L’app non ha un indirizzo a cui confermare gli accessi. Chi la gestisce può impostarne uno.
problem-not-me = Qualcuno ha indicato che questo accesso non era il suo. Nulla è stato collegato.
problem-nothing-to-choose = { $service } non ha nulla che questo account possa usare. Usi un altro account, o chieda l’accesso a chi gestisce { $service } da Lei.
problem-provider-refused = { $service } ha rifiutato l’accesso.
problem-provider-unavailable = { $service } non ha risposto come previsto. Riprovi tra qualche minuto.
problem-session-expired = La sessione di collegamento è terminata. Ricominci.
problem-session-used = Questa sessione ha già creato il suo collegamento. Ricominci nell’app.
problem-wrong-code = Il codice non è questo. Guardi la prima finestra e riprovi.
problem-manage-not-allowed = Qui non si possono gestire i collegamenti. Usa l’app da cui sei arrivato.
problem-other-project = Questo non appartiene a questo indirizzo. Ricomincia nell’app.
problem-too-many-reconnects = È stato ricollegato troppe volte nell’ultima ora. Attendi un po’, poi riprova.
problem-too-many-flows = Da questa finestra sono stati avviati troppi accessi. La chiuda e ricominci nell’app.

page-embed-title = Collega
page-embed-unknown-title = Questo indirizzo non è in uso
page-embed-unknown-text = Nessuna app di questo server ha qui una finestra di collegamento. Torni all’app; chi la gestisce trova l’indirizzo giusto nella console, sotto Embed.
page-embed-later-text = Ora questa finestra non può aprirsi. Riprova da sola.
page-choose-title = Scelga cosa collegare
page-no-script = Questa pagina richiede JavaScript. Lo consenta per questa pagina e la ricarichi.
page-frame-no-script = Questa finestra richiede JavaScript. Lo consenta per questa pagina e la ricarichi.

page-start-title = Apertura della pagina di accesso
page-start-text = Un momento.
page-start-framed-title = Questa pagina si apre in una finestra propria
page-start-framed-text = Non può essere mostrata dentro un’altra pagina. Torni all’app e ricominci.

page-confirm-window-title = Collega { $service } a { $app }
page-confirm-title = Questo accesso è Suo?
page-confirm-lead = { $app } chiede di collegare { $service }.
page-confirm-owner = Appartiene a
page-confirm-origin = Proviene da
page-confirm-started = Iniziato
page-confirm-code = Codice della prima finestra
page-confirm-hint = Se non lo ha appena avviato in { $app }, scelga «Non sono stato io».
page-confirm-continue = Continua su { $service }
page-confirm-refuse = Non sono stato io
page-confirm-nothing-title = Qui non c’è nulla da confermare
page-confirm-nothing-text = Questo accesso è terminato o è stato avviato in un altro browser. Torni all’app e ricominci.

page-done-account = L’account
page-done-app = L’app
page-done-success-title = { $service } è collegato
page-done-success-text = { $app } prosegue da sé.
page-done-failure-title = { $service } non è collegato
page-done-failure-text = Qualcosa è andato storto lungo il percorso. Nulla è stato salvato. Ricominci nell’app.
page-done-cancelled-title = Nulla è stato collegato
page-done-cancelled-text = L’accesso è stato interrotto. { $app } non ha accesso.
page-done-verifying-title = Manca un passaggio
page-done-verifying-text = { $app } deve confermare che è stato Lei.
page-done-pending-title = { $service } non è ancora collegato
page-done-pending-text = L’accesso è ancora in corso. Lo completi nella finestra in cui è aperto; poi questa pagina dirà com’è finito. Se quella finestra non c’è più, ricominci in { $app }.
page-done-neutral-title = Questo accesso è terminato
page-done-neutral-text = L’app in cui è iniziato mostra com’è finito.
page-done-back = Torna a { $app }

page-callback-no-app-title = Questo indirizzo non è in uso
page-callback-no-app-text = L’indirizzo di reindirizzamento presso il servizio non corrisponde ad alcuna app di questo server. Chi gestisce l’app lo confronta con `latchkey apps list`.
page-callback-incomplete-title = Questo indirizzo non è completo
page-callback-incomplete-text = Torni all’app e ricominci lì l’accesso.
page-callback-later-title = Un momento
page-callback-later-text = Ora non è possibile completare l’accesso. Questa pagina riprova da sola.
page-callback-put-back-text = Ora non è possibile completare l’accesso a { $service }. Nulla è andato perso; questa pagina riprova da sola.
page-callback-failed-title = Qualcosa è andato storto da parte nostra
page-callback-failed-text = Torni all’app e ricominci lì l’accesso.
page-callback-unknown-title = Questo accesso qui non è noto
page-callback-unknown-text = Torni all’app e ricominci lì l’accesso.
page-callback-other-browser-title = Accesso avviato in un altro browser
page-callback-other-browser-text = Nulla è stato collegato. Torni all’app, nel browser in cui la usa, e ricominci lì.
page-callback-over-title = Questo accesso è terminato
page-callback-over-text = Ha richiesto troppo tempo o è stato chiuso. Torni all’app e ricominci lì.
