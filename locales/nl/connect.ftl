brand-secured = Beveiligd door Latchkey
brand-test = Test
brand-close = Sluiten
brand-back = Terug
brand-reference = Referentie
brand-fallback-app = de app
brand-fallback-service = de dienst
brand-keeper = Latchkey
brand-copy-reference = Referentie { $reference } kopiëren
brand-copy-text = Deze tekst kopiëren
brand-copied = Gekopieerd
brand-privacy = Privacybeleid
brand-terms = Gebruiksvoorwaarden

offline-title = U bent offline
offline-text = U bent offline. Het gaat verder zodra de verbinding terug is.

loading-title = Laden
loading-token = Toestemming om te verbinden vragen aan { $app }
loading-session = Diensten laden
loading-form = { $service } laden
loading-slow = Dit duurt langer dan gewoonlijk.
loading-give-up = Sluiten

pick-title = Een dienst verbinden
pick-lead = Kies wat { $app } mag gebruiken.
pick-search = Diensten zoeken
pick-all = Alle
pick-own = Je koppelingen ({ $count })
pick-connected = Verbonden
pick-connected-count = { $count } verbonden
pick-none = Niets gevonden voor ‘{ $query }’.
pick-clear = Zoekopdracht wissen
pick-results =
    { $count ->
        [one] { $count } dienst
       *[other] { $count } diensten
    }
pick-list = Diensten
pick-categories = Categorieën

category-accounting = Boekhouding
category-ai = AI
category-analytics = Analyse
category-calendar = Agenda
category-chat = Chat
category-communication = Communicatie
category-crm = CRM
category-development = Ontwikkeling
category-email = E-mail
category-files = Bestanden
category-hr = HR
category-identity = Identiteit
category-marketing = Marketing
category-payments = Betalingen
category-productivity = Productiviteit
category-sales = Verkoop
category-support = Support

empty-title = Nog niets om te verbinden
empty-text =
    { $environment ->
        [test] { $app } heeft in de testomgeving nog geen dienst ingeschakeld. De beheerders van { $app } kunnen er een toevoegen.
       *[other] { $app } heeft nog geen dienst ingeschakeld. De beheerders van { $app } kunnen er een toevoegen.
    }

explain-title = { $service } verbinden
explain-reconnect-title = { $service } opnieuw verbinden
explain-reconnect-reason = De verbinding met { $service } werkt niet meer.
explain-reconnect-refused = { $service } accepteert deze verbinding niet meer.
explain-reconnect-keeps = Verbind opnieuw, dan gaat { $app } verder waar het gebleven was.
explain-account = Gebruik hetzelfde { $service }-account als voorheen: { $account }. Een ander wordt geweigerd.
explain-permission = De machtiging ‘{ $scope }’ gebruiken
explain-keeps = { $keeper } bewaart de toegang versleuteld en gebruikt die alleen voor { $app }. U kunt de toegang beëindigen in de instellingen van { $service }.
explain-keeps-unnamed = De toegang wordt versleuteld bewaard en alleen gebruikt voor { $app }. U kunt de toegang beëindigen in de instellingen van { $service }.
explain-lead = { $app } vraagt om uw { $service }-account te gebruiken.
explain-access = { $app } kan dan
explain-owner = De verbinding hoort bij { $owner }
explain-promise = { $service } opent in een eigen venster. { $app } ziet uw wachtwoord nooit.
explain-promise-same-tab = { $service } opent op dit tabblad en brengt u terug. { $app } ziet uw wachtwoord nooit.
explain-promise-code = U voert een code in op de pagina van { $service }. { $app } ziet uw wachtwoord nooit.
explain-key-promise = Wordt versleuteld bewaard en alleen voor { $app } gebruikt.
explain-button = { $service } verbinden
explain-reconnect-button = { $service } opnieuw verbinden
explain-docs = Wat deze machtigingen betekenen
explain-policies = Zo gaat { $app } met uw gegevens om:
explain-other = Andere manier: { $method }

form-name = Naam van deze verbinding
form-name-help = Om twee accounts uit elkaar te houden. U mag dit leeg laten.
form-optional = optioneel
form-find-short = Waar vind ik dit?
form-reveal = Tonen
form-conceal = Verbergen
form-reveal-label = { $label } tonen
form-conceal-label = { $label } verbergen
form-required = { $label } ontbreekt.
form-pattern = Dit lijkt niet te kloppen voor ‘{ $label }’. Controleer of alles is gekopieerd.
form-characters = ‘{ $label }’ bevat een teken dat niet kan worden verzonden. Kopieer het opnieuw.
form-choose = Maak een keuze
form-other = Ander adres
form-checking = Controleren bij { $service }
form-refused = { $service } heeft dit geweigerd. Controleer het en probeer het opnieuw.
form-stop = Niet langer wachten

waiting-title = Ga verder in het venster van { $service }
waiting-text = Meld u daar aan bij { $service }. Deze pagina gaat vanzelf verder.
waiting-closed = Venster van { $service } gesloten?
waiting-no-window = Ziet u geen venster?
waiting-reopen = Opnieuw openen
waiting-cancel = Annuleren
waiting-other = Een andere manier gebruiken
waiting-code-title = Voer deze code in het andere venster in
waiting-code-text = De code laat zien dat beide vensters van u zijn.
waiting-code-label = De code is { $code }

code-title = Voer deze code in bij { $service }
code-text = Open de pagina van { $service } en controleer of die deze code toont, of voer de code daar in. Deze pagina gaat vanzelf verder.
code-open = De pagina van { $service } openen
code-copy = Code kopiëren
code-copied = Gekopieerd
code-elsewhere = Op een ander apparaat: { $address }
code-left = Resterende tijd: { $time }
code-minute = De code is nog één minuut geldig.

redirecting-title = U gaat naar { $service }
redirecting-text = Na het aanmelden komt u hier terug.
redirecting-stuck-title = Deze pagina is blijven staan
redirecting-stuck-text = Laad de pagina opnieuw en probeer het nog eens, of ga hier verder.
redirecting-here = Verdergaan op dit tabblad

verifying-title = Afronden met { $service }
verifying-text = Dit duurt even.
verifying-customer-title = { $app } bevestigt dat u het bent
verifying-customer-text = Volg het andere venster tot het einde. Deze pagina gaat vanzelf verder.

choose-title = Kies wat u verbindt
choose-lead = Uw aanmelding bij { $service } geeft toegang tot meerdere accounts of werkruimtes. Kies wat { $app } gebruikt.
choose-list = Keuzes
choose-search = Zoeken
choose-results =
    { $count ->
        [one] { $count } resultaat
       *[other] { $count } resultaten
    }
choose-changed = Wat eerder verbonden was, staat er niet meer bij. Kies iets anders, of annuleer: dan verandert er niets.
choose-unsent = Dat is niet gelukt. Kies opnieuw.
choose-elsewhere-title = Kies in het venster van { $service }
choose-elsewhere-text = Uw aanmelding geeft toegang tot meerdere accounts of werkruimtes. Kies daar; deze pagina gaat vanzelf verder.

success-title = { $service } is verbonden
success-again-title = { $service } is weer verbonden
success-text = { $app } kan het nu gebruiken.
success-text-owner = { $app } kan het nu gebruiken voor { $owner }.
success-generic-title = Uw account is verbonden
success-done = Klaar
success-another = Nog een dienst verbinden

partial-title = { $app } kreeg minder toegang dan gevraagd. Dit kan niet:
partial-text = Werkt er iets niet in { $app }, verbind { $service } dan opnieuw en laat alle vinkjes staan.
partial-rest = De rest toestaan
partial-rest-text = U kunt de rest nu toestaan. Wat al werkt, blijft zoals het is.

kept-title = { $service } blijft zoals het was
kept-text = Er is niets weggenomen: { $app } kan { $service } gebruiken zoals voorheen.

connected-title = { $service } is al verbonden
connected-text = { $app } kan het gebruiken.
connected-text-owner = { $app } kan het gebruiken voor { $owner }.
connected-accounts = Verbonden accounts
connected-more = en nog { $count }
connected-keep = Zo laten
connected-another = Nog een { $service }-account verbinden

approval-title = { $service } vraagt goedkeuring van een beheerder
approval-text = Uw organisatie bepaalt daar welke apps mogen verbinden. Vraag de beheerder van { $service } om { $app } goed te keuren en probeer het daarna opnieuw.
approval-said = Melding van { $service }: ‘{ $said }’
approval-request = Ik wil { $service } graag verbinden met { $app }. { $service } vraagt eerst de goedkeuring van een beheerder: sta { $app } toe in de app-instellingen van { $service } en laat het me dan weten.

account-title = Dat is een ander account
account-changed = Er is niets veranderd: de verbinding blijft bij het account dat ze heeft.
account-known = Meld u bij { $service } aan als { $account }.
account-unnamed = Meld u bij { $service } aan met het eerdere account.
account-unknown = { $service } liet niet weten welk account dit is, dus de verbinding is gebleven zoals ze was. Probeer het over een minuut opnieuw.
account-again = { $service } opnieuw verbinden

webview-title = { $service } opent hier misschien niet
webview-text = Dit is de browser in een andere app, en veel diensten laten daar niemand aanmelden. Open { $app } in uw eigen browser en verbind { $service } daar.
webview-open = In de browser openen
webview-copy = Adres kopiëren
webview-copied = Gekopieerd
webview-anyway = Hier proberen

failure-title = { $service } is niet verbonden
failure-generic-title = Het account is niet verbonden
failure-retry = Opnieuw proberen
failure-list = Een andere dienst kiezen
failure-close = Sluiten
failure-token-title = Het verbinden is niet begonnen
failure-token = { $app } heeft niet geantwoord zoals verwacht. Probeer het opnieuw. Blijft het zo, dan kunnen de beheerders van { $app } het oplossen; laat ze dit zien:
failure-generic = Er ging onderweg iets mis. Er is niets opgeslagen. Probeer het opnieuw.
failure-network = Er komt geen antwoord. Controleer uw internetverbinding en probeer het opnieuw.
failure-server-title = Dit werkt nu even niet
failure-server = De fout ligt bij ons en er is niets opgeslagen. Probeer het over een minuut opnieuw.
failure-provider-title = { $service } antwoordt niet
failure-provider = Er is niets opgeslagen. Misschien heeft { $service } een korte storing: probeer het over een minuut opnieuw.
failure-denied = U hebt de toegang bij { $service } niet toegestaan, dus { $app } heeft die niet. Was dat niet de bedoeling, probeer het dan opnieuw en sta het toe.
failure-final = { $service } accepteert niet hoe { $app } om toegang vraagt, en opnieuw proberen helpt niet. De beheerders van { $app } kunnen het oplossen; laat ze dit zien:
failure-timed-out = Het aanmelden is niet op tijd voltooid. Er is niets verbonden.
failure-embedder-title = Deze pagina mag hier niet openen
failure-embedder = { $origin } staat niet op de lijst van adressen die deze pagina mogen tonen. De beheerders van die site kunnen het adres toevoegen aan de origins van hun project in Latchkey.
failure-no-embedder-title = De pagina hieromheen heeft niet geantwoord
failure-no-embedder = Laad de pagina opnieuw en probeer het nog eens. Blijft het zo, dan moeten de beheerders van de pagina nagaan hoe die Latchkey opent.

expired-title = Dit duurde te lang
expired-text = Voor de veiligheid blijft een aanmelding maar kort open. Er is niets verbonden. Begin opnieuw wanneer u klaar bent.
expired-again = Opnieuw beginnen

cancelled-title = Er is niets verbonden
cancelled-text = U bent gestopt voordat { $service } verbonden was. { $app } heeft er geen toegang toe.
cancelled-again = { $service } verbinden

rejected-title = Deze aanmelding is geweigerd
rejected-text = In het andere venster heeft iemand aangegeven dat deze aanmelding niet van hem of haar was. Er is niets verbonden en u hoeft verder niets te doen.
rejected-another = Ze is voltooid door iemand anders dan de persoon die { $app } hier kent. Er is niets verbonden. Meld u zelf aan bij { $app } en begin daar opnieuw.

blocked-title = De browser heeft geen venster geopend
blocked-text = Open de aanmelding van { $service } zelf.
blocked-open = Aanmeldvenster openen
blocked-here = Verdergaan op dit tabblad

ways-title = Een andere manier om aan te melden
ways-text = Kies waar { $service } opent. Het eerdere venster telt niet meer.

reload-title = Laad deze pagina opnieuw
reload-text = U kwam terug met de terugknop van de browser, en dit venster weet niet meer waar het was. Er is niets verbonden.

check-title = De verbinding afronden
check-text = Dit duurt even.
check-unfinished-title = De aanmelding is niet voltooid
check-unfinished-text = Sluit dit en begin opnieuw. Was u wel klaar, wacht dan even: deze pagina gaat vanzelf verder.

inside-title = Dit opent binnen een app
inside-text = Deze pagina hoort bij een ander product en werkt alleen daarin. Ga terug naar de app die u hierheen stuurde en begin opnieuw.

token-missing = Er is geen token-endpoint ingesteld: geef het adres ervan mee aan het embedscript.
token-relative = Het adres van het token-endpoint moet absoluut zijn en beginnen met https://.
token-unreachable = Het token-endpoint op { $host } is niet bereikbaar of staat deze pagina niet toe (CORS).
token-timed-out = Het token-endpoint op { $host } heeft niet binnen 20 seconden geantwoord.
token-not-json = Het token-endpoint op { $host } antwoordde { $status } met iets dat geen JSON is.
token-empty = Het token-endpoint op { $host } gaf een leeg antwoord.
token-unknown = Het token-endpoint op { $host } antwoordde { $status } zonder sessie.
token-no-session = Het antwoord van het token-endpoint bevat geen request-id.
token-timed-out-port = De pagina heeft niet binnen 20 seconden een token overhandigd.

start-resume-title = Verdergaan met uw aanmelding
start-resume-button = Verder naar { $service }
start-nothing-title = Hier is niets om mee verder te gaan
start-nothing = In dit venster loopt geen aanmelding. Sluit het en begin opnieuw in de app.
start-unknown-title = Deze aanmelding is niet meer bekend
start-unknown = Sluit dit venster en begin opnieuw in de app.
start-spent-title = Deze aanmelding is al geopend
start-spent = Ze kan maar één keer worden geopend. Zoek het andere venster of begin opnieuw in de app.
start-foreign-title = Open dit vanuit de app
start-foreign = Dit adres werkt alleen als de app zelf het opent. Heeft iemand het u gestuurd, ga dan niet verder.
start-return-title = De weg terug is niet toegestaan
start-return-text = Het adres van de app staat niet op de lijst van het project. De beheerders van de app kunnen het toevoegen in Latchkey.
start-expired-title = Dit duurde te lang
start-expired = Sluit dit venster en begin opnieuw in de app.
start-failed-title = De aanmeldpagina is niet geopend
start-failed = Latchkey is op dit moment niet bereikbaar. Sluit dit venster en probeer het opnieuw in de app.
start-close = Dit venster sluiten
start-may-close = U kunt dit venster sluiten.

confirm-wrong-code = Dat is niet de code. Kijk in het eerste venster en probeer het opnieuw.
confirm-empty-code = Voer de code in die het eerste venster toont.
confirm-rejected-title = Gestopt
confirm-rejected = Er is niets verbonden. Bent u dit niet begonnen, dan hoeft u verder niets te doen.
confirm-gone-title = Deze aanmelding is voorbij
confirm-gone = Sluit dit venster en begin opnieuw in de app.
confirm-failed = Latchkey is op dit moment niet bereikbaar. Probeer het opnieuw.

link-loading = De link wordt gelezen
link-title = { $service } opnieuw koppelen
link-failed = { $app } kan uw { $service }-account niet meer gebruiken.
link-expiring = De toegang van { $app } tot uw { $service }-account eindigt binnenkort.
link-account = Meld u daar aan als { $account }
link-same = Gebruik hetzelfde account als eerder. Een ander wordt geweigerd.
link-opening = Wordt geopend
link-closed-title = U kunt dit venster sluiten
link-closed = Wat u verder doet, doet u in { $app }.
link-used-title = Dit is klaar
link-used = De koppeling is al hersteld. U hoeft niets te doen.
link-over-title = Deze link werkt niet meer
link-expired = Deze link is verlopen. Open de app die hem stuurde en koppel daar opnieuw.
link-deleted = De koppeling van deze link is verwijderd. Open de app die hem stuurde en koppel daar.
link-incomplete-title = Deze link is niet volledig
link-connect-title = { $service } aan { $app } koppelen
link-connect-any-title = Je accounts aan { $app } koppelen
link-manage-title = Je koppelingen met { $app }
link-invited = { $inviter } vraagt je om { $service } aan { $app } te koppelen.
link-invited-any = { $inviter } vraagt je om accounts aan { $app } te koppelen.
link-asked = { $app } vraagt je om { $service } te koppelen.
link-asked-any = { $app } vraagt je om accounts te koppelen.
link-reconnect = { $app } vraagt je om je account bij { $service } opnieuw te koppelen.
link-of = Koppelingen van { $owner }
link-not-you = Ben jij dat niet, ga dan niet verder: sluit deze pagina.
link-once = Deze link werkt één keer.
link-manage-lead = Bekijk welke accounts van jou { $app } mag gebruiken, koppel ze opnieuw of ontkoppel ze.
link-continue = Verder naar { $service }
link-used-once = Deze link is gebruikt: het account is gekoppeld. Je hoeft niets te doen.
link-revoked = Deze link is ingetrokken. Vraag een nieuwe aan wie hem stuurde.
link-ended = Deze link is verlopen. Vraag een nieuwe aan wie hem stuurde.
link-back = Terug naar { $app }
link-close = Dit venster sluiten
link-incomplete = Er ontbreekt een deel van de link. Open hem helemaal, zoals hij je is gestuurd, of ga naar de app die hem stuurde.

## One's own connections, in the modal and by a link

manage-title = Je koppelingen
manage-lead = { $app } mag deze accounts gebruiken.
manage-lead-owner = { $app } mag deze accounts gebruiken voor { $owner }.
manage-loading = Je koppelingen worden gelezen
manage-since = Gekoppeld op { $date }
manage-used = Laatst gebruikt op { $date }
manage-unused = Nog niet gebruikt
manage-state-operational = Werkt
manage-state-degraded = Werkt. Vernieuwen mislukt nu en wordt opnieuw geprobeerd.
manage-state-failed = Werkt niet meer. Koppel opnieuw.
manage-state-unknown = Nog niet gecontroleerd
manage-state-off = Uitgeschakeld door { $app }
manage-reconnect = Opnieuw koppelen
manage-disconnect = Ontkoppelen
manage-disconnect-button = { $service } ontkoppelen
manage-more = Meer tonen
manage-empty-title = Nog geen koppelingen
manage-empty = { $app } heeft geen toegang tot een account van jou.
manage-confirm-title = { $service } ontkoppelen?
manage-confirm = { $app } kan dit account bij { $service } vanaf dan niet meer gebruiken. Wat { $app } eerder heeft gelezen, blijft daar.
manage-ending-revoked = Aan { $service } wordt gevraagd om de toegang ook te beëindigen.
manage-ending-kept = Van hieruit kan { $service } niet worden gevraagd om de toegang te beëindigen. Verwijder { $app } ook in de instellingen van je account daar.
manage-ending-shared = De toegang bij { $service } blijft, omdat een andere koppeling die gebruikt. Die eindigt met de laatste.
manage-ending-key = De sleutel blijft bij { $service } geldig tot je hem daar verwijdert.
manage-disconnecting = Wordt ontkoppeld
manage-keep = { $service } behouden
manage-done-title = { $service } is ontkoppeld
manage-done-text = { $app } kan dit account bij { $service } niet meer gebruiken.
manage-done-pending = Aan { $service } wordt gevraagd om de toegang te beëindigen.
manage-done-failed = Aan { $service } kon niet worden gevraagd om de toegang te beëindigen. Verwijder { $app } in de instellingen van je account daar.
manage-back = Je koppelingen bekijken
manage-gone-title = { $service } is al ontkoppeld
manage-gone = De koppeling is intussen elders beëindigd. Er hoeft niets meer te gebeuren.

problem-access-denied = { $service } is niet verbonden: de toegang is niet toegestaan.
problem-account-changed = Dit is een ander { $service }-account dan het account dat verbonden was. Meld u aan met het eerdere account of maak een nieuwe verbinding.
problem-account-unknown = { $service } liet niet weten welk account dit is, dus de verbinding is gebleven zoals ze was. Probeer het over een minuut opnieuw.
problem-address-unreachable = { $service } is niet bereikbaar op het ingevoerde adres. Controleer het adres en probeer het opnieuw.
problem-app-broken = { $service } heeft de instellingen van deze app geweigerd. De beheerders van de app moeten ze nakijken.
problem-app-refused = { $service } heeft de manier geweigerd waarop deze app om toegang vraagt. De beheerders van de app moeten daar de instellingen nakijken.
problem-cannot-confirm = { $service } wordt met een code verbonden, en deze app bevestigt wie zich heeft aangemeld. Dat kan een code niet laten zien. De beheerders kunnen dat wijzigen.
problem-cannot-widen = De rest kan niet van hieruit worden toegestaan. Verbind { $service } opnieuw in de app.
problem-choices-refused = { $service } heeft niet gezegd wat dit account mag gebruiken. Gebruik een ander account, of vraag toegang aan wie { $service } bij u beheert.
problem-choices-unexpected = { $service } antwoordde anders dan voorzien. De beheerders van de app moeten ernaar kijken.
problem-code-expired = { $service } accepteert deze aanmelding niet meer. Begin opnieuw.
problem-credential-refused = { $service } heeft dit geweigerd. Controleer de gegevens en probeer het opnieuw.
problem-expired = Het aanmelden duurde te lang. Begin opnieuw.
problem-field-errors = Kijk sommige gegevens nog eens na.
problem-flow-expired = Deze aanmelding duurde te lang en is beëindigd. Begin opnieuw in de app.
problem-integration-changed = De manier om u aan te melden bij { $service } is veranderd. Begin opnieuw in de app.
problem-integration-not-offered = { $service } kan hier niet worden verbonden. De beheerders van de app kunnen dit inschakelen.
problem-interrupted = De aanmelding bij { $service } is onderbroken. Probeer het opnieuw.
problem-link-revoked = De link is ingetrokken. Er is niets gekoppeld.
problem-issuer-mismatch = Het antwoord kwam niet van { $service }. Begin opnieuw; gebeurt het twee keer, meld het dan aan de beheerders van de app.
problem-less-access = { $service } gaf dit keer minder dan eerder, dus de verbinding bleef zoals ze was. Probeer het opnieuw en laat alle vinkjes staan.
problem-login-required = { $service } wil dat u zich daar eerst aanmeldt. Probeer het opnieuw.
problem-no-verify-url = De app heeft geen adres om aanmeldingen te bevestigen. De beheerders kunnen er een instellen.
problem-not-me = Iemand heeft aangegeven dat deze aanmelding niet van hem of haar was. Er is niets verbonden.
problem-nothing-to-choose = { $service } heeft niets dat dit account mag gebruiken. Gebruik een ander account, of vraag toegang aan wie { $service } bij u beheert.
problem-provider-refused = { $service } heeft de aanmelding geweigerd.
problem-provider-unavailable = { $service } antwoordde niet zoals verwacht. Probeer het over een paar minuten opnieuw.
problem-session-expired = De verbindingssessie is beëindigd. Begin opnieuw.
problem-session-used = In deze sessie is al een verbinding gemaakt. Begin opnieuw in de app.
problem-wrong-code = Dat is niet de code. Kijk in het eerste venster en probeer het opnieuw.
problem-manage-not-allowed = Hier kunt u geen verbindingen beheren. Gebruik de app waar u vandaan komt.
problem-other-project = Dit hoort niet bij dit adres. Begin opnieuw in de app.
problem-too-many-reconnects = Dit is binnen een uur te vaak opnieuw verbonden. Wacht even en probeer het dan opnieuw.
problem-too-many-flows = In dit venster zijn te veel aanmeldingen begonnen. Sluit het en begin opnieuw in de app.

page-embed-title = Verbinden
page-embed-unknown-title = Dit adres wordt niet gebruikt
page-embed-unknown-text = Geen enkele app van deze server heeft hier een verbindingsvenster. Ga terug naar de app; wie de app beheert, vindt het juiste adres in de console onder Embed.
page-embed-later-text = Dit venster kan nu niet worden geopend. Het probeert het vanzelf opnieuw.
page-choose-title = Kies wat u verbindt
page-no-script = Deze pagina heeft JavaScript nodig. Sta het toe voor deze pagina en laad opnieuw.
page-frame-no-script = Dit venster heeft JavaScript nodig. Sta het toe voor deze pagina en laad opnieuw.

page-start-title = De aanmeldpagina openen
page-start-text = Een ogenblik.
page-start-framed-title = Deze pagina opent in een eigen venster
page-start-framed-text = Ze kan niet in een andere pagina worden getoond. Ga terug naar de app en begin opnieuw.

page-confirm-window-title = { $service } verbinden met { $app }
page-confirm-title = Is dit uw aanmelding?
page-confirm-lead = { $app } vraagt om { $service } te verbinden.
page-confirm-owner = Hoort bij
page-confirm-origin = U komt van
page-confirm-started = Begonnen
page-confirm-code = Code uit het eerste venster
page-confirm-hint = Bent u dit niet zojuist begonnen in { $app }, kies dan ‘Dit was ik niet’.
page-confirm-continue = Verder naar { $service }
page-confirm-refuse = Dit was ik niet
page-confirm-nothing-title = Hier valt niets te bevestigen
page-confirm-nothing-text = Deze aanmelding is voorbij of is in een andere browser begonnen. Ga terug naar de app en begin opnieuw.

page-done-account = Het account
page-done-app = De app
page-done-success-title = { $service } is verbonden
page-done-success-text = { $app } gaat vanzelf verder.
page-done-failure-title = { $service } is niet verbonden
page-done-failure-text = Er ging onderweg iets mis. Er is niets opgeslagen. Begin opnieuw in de app.
page-done-cancelled-title = Er is niets verbonden
page-done-cancelled-text = De aanmelding is gestopt. { $app } heeft geen toegang.
page-done-verifying-title = Nog één stap
page-done-verifying-text = { $app } moet nog bevestigen dat u het was.
page-done-pending-title = { $service } is nog niet verbonden
page-done-pending-text = De aanmelding loopt nog. Rond ze af in het venster waarin ze open is; daarna zegt deze pagina hoe het is afgelopen. Is dat venster er niet meer, begin dan opnieuw in { $app }.
page-done-neutral-title = Deze aanmelding is voorbij
page-done-neutral-text = De app waarin ze begon, toont hoe het is afgelopen.
page-done-back = Terug naar { $app }

page-callback-no-app-title = Dit adres wordt niet gebruikt
page-callback-no-app-text = Het redirect-adres bij de dienst hoort bij geen enkele app van deze server. Wie de app beheert, vergelijkt het met `latchkey apps list`.
page-callback-incomplete-title = Dit adres is niet volledig
page-callback-incomplete-text = Ga terug naar de app en begin daar opnieuw met aanmelden.
page-callback-later-title = Een ogenblik
page-callback-later-text = Het aanmelden kan nu niet worden afgerond. Deze pagina probeert het vanzelf opnieuw.
page-callback-put-back-text = Het aanmelden bij { $service } kan nu niet worden afgerond. Er is niets verloren; deze pagina probeert het vanzelf opnieuw.
page-callback-failed-title = Er ging iets mis aan onze kant
page-callback-failed-text = Ga terug naar de app en begin daar opnieuw met aanmelden.
page-callback-unknown-title = Deze aanmelding is hier niet bekend
page-callback-unknown-text = Ga terug naar de app en begin daar opnieuw met aanmelden.
page-callback-other-browser-title = In een andere browser begonnen
page-callback-other-browser-text = Er is niets verbonden. Ga terug naar de app, in de browser waarin u die gebruikt, en begin daar opnieuw.
page-callback-over-title = Deze aanmelding is beëindigd
page-callback-over-text = Ze duurde te lang of is gesloten. Ga terug naar de app en begin daar opnieuw.
