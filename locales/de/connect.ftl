## Der Rahmen jeder Ansicht

brand-secured = Gesichert durch Latchkey
brand-test = Test
brand-close = Schließen
brand-back = Zurück
brand-reference = Referenz
brand-fallback-app = die App
brand-fallback-service = der Dienst
brand-keeper = Latchkey
brand-copy-reference = Referenz { $reference } kopieren
brand-copy-text = Text kopieren
brand-copied = Kopiert
brand-privacy = Datenschutz
brand-terms = Nutzungsbedingungen

offline-title = Sie sind offline
offline-text = Sie sind offline. Es geht weiter, sobald die Verbindung zurück ist.

## Laden

loading-title = Wird geladen
loading-token = { $app } wird um die Erlaubnis zum Verbinden gebeten
loading-session = Dienste werden geladen
loading-form = { $service } wird geladen
loading-slow = Das dauert länger als gewöhnlich.
loading-give-up = Schließen

## Liste

pick-title = Dienst verbinden
pick-lead = Wählen Sie, was { $app } verwenden darf.
pick-search = Dienste suchen
pick-all = Alle
pick-own = Ihre Verbindungen ({ $count })
pick-connected = Verbunden
pick-connected-count = { $count } verbunden
pick-none = Nichts gefunden für „{ $query }“.
pick-clear = Suche zurücksetzen
pick-results =
    { $count ->
        [one] { $count } Dienst
       *[other] { $count } Dienste
    }
pick-list = Dienste
pick-categories = Kategorien

category-accounting = Buchhaltung
category-ai = KI
category-analytics = Analyse
category-calendar = Kalender
category-chat = Chat
category-communication = Kommunikation
category-crm = CRM
category-development = Entwicklung
category-email = E-Mail
category-files = Dateien
category-hr = Personal
category-identity = Identität
category-marketing = Marketing
category-payments = Zahlungen
category-productivity = Produktivität
category-sales = Vertrieb
category-support = Support

## Nichts zur Auswahl

empty-title = Noch nichts zu verbinden
empty-text =
    { $environment ->
        [test] { $app } hat in der Testumgebung noch keinen Dienst freigegeben. Wer { $app } betreibt, kann einen hinzufügen.
       *[other] { $app } hat noch keinen Dienst freigegeben. Wer { $app } betreibt, kann einen hinzufügen.
    }

## Ein Dienst vor dem Verbinden

explain-title = { $service } verbinden
explain-reconnect-title = { $service } neu verbinden
explain-reconnect-reason = Die Verbindung zu { $service } funktioniert nicht mehr.
explain-reconnect-refused = { $service } nimmt diese Verbindung nicht mehr an.
explain-reconnect-keeps = Verbinden Sie es neu, dann macht { $app } dort weiter, wo es aufgehört hat.
explain-account = Verwenden Sie dasselbe Konto bei { $service } wie bisher: { $account }. Ein anderes wird abgelehnt.
explain-permission = Die Berechtigung „{ $scope }“ verwenden
explain-keeps = { $keeper } bewahrt den Zugriff verschlüsselt auf und nutzt ihn nur für { $app }. Beenden können Sie ihn in den Einstellungen von { $service }.
explain-keeps-unnamed = Der Zugriff wird verschlüsselt aufbewahrt und nur für { $app } genutzt. Beenden können Sie ihn in den Einstellungen von { $service }.
explain-lead = { $app } möchte Ihr Konto bei { $service } verwenden.
explain-access = Das darf { $app } dann
explain-owner = Die Verbindung gehört dann { $owner }
explain-promise = { $service } öffnet sich in einem eigenen Fenster. { $app } sieht Ihr Passwort nie.
explain-promise-same-tab = { $service } öffnet sich in diesem Tab und bringt Sie zurück. { $app } sieht Ihr Passwort nie.
explain-promise-code = Sie geben einen Code auf der Seite von { $service } ein. { $app } sieht Ihr Passwort nie.
explain-key-promise = Wird verschlüsselt gespeichert und nur für { $app } genutzt.
explain-button = { $service } verbinden
explain-reconnect-button = { $service } neu verbinden
explain-docs = Was diese Berechtigungen bedeuten
explain-policies = So geht { $app } mit Ihren Daten um:
explain-other = Anderer Weg: { $method }

## Felder

form-name = Name dieser Verbindung
form-name-help = Damit Sie zwei Konten unterscheiden können. Das Feld darf leer bleiben.
form-optional = optional
form-find-short = Wo finde ich das?
form-reveal = Anzeigen
form-conceal = Verbergen
form-reveal-label = { $label } anzeigen
form-conceal-label = { $label } verbergen
form-required = { $label } fehlt.
form-pattern = Das passt nicht zu „{ $label }“. Prüfen Sie, ob alles kopiert wurde.
form-characters = „{ $label }“ enthält ein Zeichen, das nicht gesendet werden kann. Kopieren Sie den Wert noch einmal.
form-choose = Auswählen
form-other = Andere Adresse
form-checking = Wird bei { $service } geprüft
form-refused = { $service } hat das abgelehnt. Prüfen Sie die Eingabe und versuchen Sie es noch einmal.
form-stop = Nicht länger warten

## Anmeldung im anderen Fenster

waiting-title = Weiter im Fenster von { $service }
waiting-text = Melden Sie sich dort bei { $service } an. Diese Seite geht von selbst weiter.
waiting-closed = Fenster von { $service } geschlossen?
waiting-no-window = Kein Fenster zu sehen?
waiting-reopen = Noch einmal öffnen
waiting-cancel = Abbrechen
waiting-other = Anderen Weg wählen
waiting-code-title = Geben Sie diesen Code im anderen Fenster ein
waiting-code-text = Er zeigt, dass beide Fenster Ihnen gehören.
waiting-code-label = Der Code lautet { $code }

## Ein Code, der beim Dienst eingegeben wird

code-title = Geben Sie diesen Code bei { $service } ein
code-text = Öffnen Sie die Seite von { $service } und prüfen Sie, ob sie diesen Code zeigt, oder geben Sie ihn dort ein. Diese Seite geht von selbst weiter.
code-open = Seite von { $service } öffnen
code-copy = Code kopieren
code-copied = Kopiert
code-elsewhere = Auf einem anderen Gerät: { $address }
code-left = Verbleibende Zeit: { $time }
code-minute = Der Code gilt noch eine Minute.

## Anmeldung in diesem Tab

redirecting-title = Weiter zu { $service }
redirecting-text = Nach der Anmeldung kommen Sie hierher zurück.
redirecting-stuck-title = Diese Seite ist stehen geblieben
redirecting-stuck-text = Laden Sie die Seite neu und versuchen Sie es noch einmal, oder machen Sie hier weiter.
redirecting-here = In diesem Tab fortfahren

## Abschluss

verifying-title = Wird mit { $service } abgeschlossen
verifying-text = Das dauert einen Moment.
verifying-customer-title = { $app } bestätigt, dass Sie es sind
verifying-customer-text = Folgen Sie dem anderen Fenster bis zum Ende. Diese Seite geht von selbst weiter.

## Mehrere Konten hinter einer Anmeldung

choose-title = Auswählen, was verbunden wird
choose-lead = Ihre Anmeldung bei { $service } umfasst mehrere Konten oder Arbeitsbereiche. Wählen Sie aus, was { $app } nutzt.
choose-list = Zur Auswahl
choose-search = Suchen
choose-results =
    { $count ->
        [one] { $count } Eintrag
       *[other] { $count } Einträge
    }
choose-changed = Was bisher verbunden war, ist nicht mehr dabei. Wählen Sie etwas anderes, oder brechen Sie ab: Dann ändert sich nichts.
choose-unsent = Das hat nicht geklappt. Wählen Sie noch einmal.
choose-elsewhere-title = Auswahl im Fenster von { $service }
choose-elsewhere-text = Ihre Anmeldung umfasst mehrere Konten oder Arbeitsbereiche. Wählen Sie dort aus; diese Seite geht von selbst weiter.

## Verbunden

success-title = { $service } ist verbunden
success-again-title = { $service } ist wieder verbunden
success-text = { $app } kann es jetzt verwenden.
success-text-owner = { $app } kann es jetzt für { $owner } verwenden.
success-generic-title = Ihr Konto ist verbunden
success-done = Fertig
success-another = Weiteren Dienst verbinden

partial-title = { $app } hat weniger Zugriff bekommen als erbeten. Nicht möglich ist:
partial-text = Falls in { $app } etwas nicht funktioniert, verbinden Sie { $service } neu und lassen Sie alle Häkchen gesetzt.
partial-rest = Den Rest erlauben
partial-rest-text = Sie können den Rest jetzt erlauben. Was schon funktioniert, bleibt, wie es ist.

## Der Rest wurde nicht erlaubt

kept-title = { $service } bleibt, wie es war
kept-text = Es wurde nichts weggenommen: { $app } kann { $service } nutzen wie bisher.

connected-title = { $service } ist schon verbunden
connected-text = { $app } kann es verwenden.
connected-text-owner = { $app } kann es für { $owner } verwenden.
connected-accounts = Verbundene Konten
connected-more = und { $count } weitere
connected-keep = So lassen
connected-another = Weiteres Konto bei { $service } verbinden

approval-title = { $service } verlangt die Zustimmung eines Admins
approval-text = Ihre Organisation legt dort fest, welche Apps sich verbinden dürfen. Bitten Sie den Admin von { $service }, { $app } zuzulassen, und versuchen Sie es dann noch einmal.
approval-said = { $service } meldet: „{ $said }“
approval-request = Ich möchte { $service } mit { $app } verbinden. { $service } verlangt dafür zuerst die Zustimmung eines Admins: Lassen Sie { $app } in den App-Einstellungen von { $service } zu und geben Sie mir dann Bescheid.

account-title = Das ist ein anderes Konto
account-changed = Es wurde nichts geändert: Die Verbindung bleibt bei ihrem bisherigen Konto.
account-known = Melden Sie sich bei { $service } als { $account } an.
account-unnamed = Melden Sie sich bei { $service } mit dem bisherigen Konto an.
account-unknown = { $service } hat nicht mitgeteilt, welches Konto das ist. Die Verbindung bleibt, wie sie war. Versuchen Sie es in einer Minute noch einmal.
account-again = { $service } neu verbinden

webview-title = { $service } öffnet sich hier womöglich nicht
webview-text = Das ist der Browser in einer anderen App, und viele Dienste lassen dort keine Anmeldung zu. Öffnen Sie { $app } in Ihrem eigenen Browser und verbinden Sie { $service } dort.
webview-open = Im Browser öffnen
webview-copy = Adresse kopieren
webview-copied = Kopiert
webview-anyway = Hier versuchen

## Nicht verbunden

failure-title = { $service } ist nicht verbunden
failure-generic-title = Das Konto ist nicht verbunden
failure-retry = Noch einmal versuchen
failure-list = Anderen Dienst wählen
failure-close = Schließen
failure-token-title = Das Verbinden hat nicht begonnen
failure-token = { $app } hat nicht wie vorgesehen geantwortet. Versuchen Sie es noch einmal. Bleibt es dabei, kann es beheben, wer { $app } betreibt. Zeigen Sie dort diesen Text:
failure-generic = Unterwegs ist etwas schiefgegangen. Es wurde nichts gespeichert. Versuchen Sie es noch einmal.
failure-network = Es kommt keine Antwort. Prüfen Sie Ihre Internetverbindung und versuchen Sie es noch einmal.
failure-server-title = Das geht gerade nicht
failure-server = Der Fehler liegt bei uns, und es wurde nichts gespeichert. Versuchen Sie es in einer Minute noch einmal.
failure-provider-title = { $service } antwortet nicht
failure-provider = Es wurde nichts gespeichert. Vielleicht ist { $service } kurz gestört: Versuchen Sie es in einer Minute noch einmal.
failure-denied = Sie haben den Zugriff bei { $service } nicht erlaubt, also hat { $app } keinen. Falls das nicht Ihre Absicht war, versuchen Sie es noch einmal und erlauben Sie ihn.
failure-final = { $service } nimmt nicht an, wie { $app } um Zugriff bittet, und ein neuer Versuch hilft nicht. Wer { $app } betreibt, kann es beheben. Zeigen Sie dort diesen Text:
failure-timed-out = Die Anmeldung wurde nicht rechtzeitig beendet. Es wurde nichts verbunden.
failure-embedder-title = Diese Seite darf hier nicht geöffnet werden
failure-embedder = { $origin } steht nicht auf der Liste der Adressen, die diese Seite zeigen dürfen. Wer die Website betreibt, kann die Adresse in Latchkey bei den Origins des Projekts eintragen.
failure-no-embedder-title = Die umgebende Seite hat nicht geantwortet
failure-no-embedder = Laden Sie die Seite neu und versuchen Sie es noch einmal. Bleibt es dabei, muss der Betreiber der Seite prüfen, wie sie Latchkey öffnet.

## Zu spät

expired-title = Das hat zu lange gedauert
expired-text = Zur Sicherheit ist eine Anmeldung nur kurze Zeit offen. Es wurde nichts verbunden. Beginnen Sie von vorn, sobald Sie bereit sind.
expired-again = Von vorn beginnen

## Abgebrochen

cancelled-title = Es wurde nichts verbunden
cancelled-text = Sie haben aufgehört, bevor { $service } verbunden war. { $app } hat keinen Zugriff darauf.
cancelled-again = { $service } verbinden

## Im anderen Fenster abgelehnt

rejected-title = Diese Anmeldung wurde abgelehnt
rejected-text = Im anderen Fenster hat jemand angegeben, dass diese Anmeldung nicht von ihm war. Es wurde nichts verbunden, und Sie müssen nichts weiter tun.
rejected-another = Diese Anmeldung hat jemand anderes beendet als die Person, die bei { $app } angemeldet ist. Es wurde nichts verbunden. Melden Sie sich selbst bei { $app } an und beginnen Sie dort von vorn.

## Kein Fenster

blocked-title = Der Browser hat kein Fenster geöffnet
blocked-text = Öffnen Sie die Anmeldung bei { $service } selbst.
blocked-open = Anmeldefenster öffnen
blocked-here = In diesem Tab fortfahren

ways-title = Anderer Weg zur Anmeldung
ways-text = Wählen Sie, wo sich { $service } öffnet. Das bisherige Fenster gilt nicht mehr.

## Zurück aus dem Zwischenspeicher

reload-title = Laden Sie diese Seite neu
reload-text = Sie sind mit der Zurück-Taste gekommen, und dieses Fenster weiß nicht mehr weiter. Es wurde nichts verbunden.

## Zurück vom Dienst

check-title = Verbindung wird abgeschlossen
check-text = Das dauert einen Moment.
check-unfinished-title = Die Anmeldung wurde nicht beendet
check-unfinished-text = Schließen Sie das hier und beginnen Sie von vorn. Falls Sie fertig waren, warten Sie einen Moment: Diese Seite geht von selbst weiter.

## Allein geöffnet

inside-title = Das öffnet sich in einer App
inside-text = Diese Seite ist Teil eines anderen Produkts und funktioniert nur dort. Gehen Sie zurück zur App, die Sie hierher geschickt hat, und beginnen Sie dort von vorn.

## Für Entwickler

token-missing = Es ist kein Token-Endpunkt gesetzt: Übergeben Sie seine Adresse dem Embed-Skript.
token-relative = Die Adresse des Token-Endpunkts muss absolut sein und mit https:// beginnen.
token-unreachable = Der Token-Endpunkt bei { $host } ist nicht erreichbar oder erlaubt diese Seite nicht (CORS).
token-timed-out = Der Token-Endpunkt bei { $host } hat 20 Sekunden lang nicht geantwortet.
token-not-json = Der Token-Endpunkt bei { $host } hat mit { $status } geantwortet, aber nicht mit JSON.
token-empty = Der Token-Endpunkt bei { $host } hat eine leere Antwort gegeben.
token-unknown = Der Token-Endpunkt bei { $host } hat mit { $status } und ohne Sitzung geantwortet.
token-no-session = In der Antwort des Token-Endpunkts fehlt die Request-ID.
token-timed-out-port = Die Seite hat 20 Sekunden lang kein Token übergeben.

## /connect/start

start-resume-title = Anmeldung fortsetzen
start-resume-button = Weiter zu { $service }
start-nothing-title = Hier gibt es nichts fortzusetzen
start-nothing = In diesem Fenster läuft keine Anmeldung. Schließen Sie es und beginnen Sie in der App von vorn.
start-unknown-title = Diese Anmeldung ist nicht mehr bekannt
start-unknown = Schließen Sie dieses Fenster und beginnen Sie in der App von vorn.
start-spent-title = Diese Anmeldung wurde schon geöffnet
start-spent = Sie lässt sich nur einmal öffnen. Suchen Sie das andere Fenster, oder beginnen Sie in der App von vorn.
start-foreign-title = Öffnen Sie das aus der App
start-foreign = Diese Adresse funktioniert nur, wenn die App selbst sie öffnet. Falls jemand sie Ihnen geschickt hat, machen Sie nicht weiter.
start-return-title = Der Rückweg ist nicht erlaubt
start-return-text = Die Adresse der App steht nicht auf der Liste ihres Projekts. Wer die App betreibt, kann sie in Latchkey eintragen.
start-expired-title = Das hat zu lange gedauert
start-expired = Schließen Sie dieses Fenster und beginnen Sie in der App von vorn.
start-failed-title = Die Anmeldeseite hat sich nicht geöffnet
start-failed = Latchkey ist gerade nicht erreichbar. Schließen Sie dieses Fenster und versuchen Sie es in der App noch einmal.
start-close = Fenster schließen
start-may-close = Sie können dieses Fenster schließen.

## /connect/confirm

confirm-wrong-code = Das ist nicht der Code. Sehen Sie im ersten Fenster nach und versuchen Sie es noch einmal.
confirm-empty-code = Geben Sie den Code ein, den das erste Fenster zeigt.
confirm-rejected-title = Gestoppt
confirm-rejected = Es wurde nichts verbunden. Falls Sie das nicht begonnen haben, müssen Sie nichts weiter tun.
confirm-gone-title = Diese Anmeldung ist vorbei
confirm-gone = Schließen Sie dieses Fenster und beginnen Sie in der App von vorn.
confirm-failed = Latchkey ist gerade nicht erreichbar. Versuchen Sie es noch einmal.

## /connect/link: a link to connect, to reconnect as mails carry it, or to one's own connections

link-loading = Der Link wird gelesen
link-title = { $service } neu verbinden
link-failed = { $app } kann Ihr Konto bei { $service } nicht mehr nutzen.
link-expiring = Der Zugriff von { $app } auf Ihr Konto bei { $service } endet bald.
link-account = Melden Sie sich dort als { $account } an
link-same = Nehmen Sie dasselbe Konto wie zuvor. Ein anderes wird abgelehnt.
link-opening = Wird geöffnet
link-closed-title = Sie können dieses Fenster schließen
link-closed = Alles Weitere geschieht in { $app }.
link-used-title = Das ist erledigt
link-used = Diese Verbindung besteht bereits wieder. Es ist nichts zu tun.
link-over-title = Dieser Link funktioniert nicht mehr
link-expired = Dieser Link ist abgelaufen. Öffnen Sie die App, die ihn geschickt hat, und verbinden Sie dort neu.
link-deleted = Die Verbindung, zu der dieser Link gehört, wurde gelöscht. Öffnen Sie die App, die ihn geschickt hat, und verbinden Sie dort.
link-incomplete-title = Dieser Link ist nicht vollständig
link-connect-title = { $service } mit { $app } verbinden
link-connect-any-title = Ihre Konten mit { $app } verbinden
link-manage-title = Ihre Verbindungen mit { $app }
link-invited = { $inviter } bittet Sie, { $service } mit { $app } zu verbinden.
link-invited-any = { $inviter } bittet Sie, Konten mit { $app } zu verbinden.
link-asked = { $app } bittet Sie, { $service } zu verbinden.
link-asked-any = { $app } bittet Sie, Konten zu verbinden.
link-reconnect = { $app } bittet Sie, Ihr Konto bei { $service } neu zu verbinden.
link-of = Verbindungen von { $owner }
link-not-you = Wenn Sie das nicht sind, machen Sie nicht weiter: Schließen Sie diese Seite.
link-once = Dieser Link funktioniert einmal.
link-manage-lead = Sehen Sie, welche Ihrer Konten { $app } nutzen darf, verbinden Sie sie neu oder trennen Sie sie.
link-continue = Weiter zu { $service }
link-used-once = Dieser Link wurde benutzt: Das Konto ist verbunden. Es ist nichts zu tun.
link-revoked = Dieser Link wurde zurückgenommen. Bitten Sie um einen neuen, wo Sie ihn bekommen haben.
link-ended = Dieser Link ist abgelaufen. Bitten Sie um einen neuen, wo Sie ihn bekommen haben.
link-back = Zurück zu { $app }
link-close = Fenster schließen
link-incomplete = Ein Teil des Links fehlt. Öffnen Sie ihn ganz, so wie er Ihnen geschickt wurde, oder gehen Sie in die App, die ihn geschickt hat.

## One's own connections, in the modal and by a link

manage-title = Ihre Verbindungen
manage-lead = { $app } darf diese Konten nutzen.
manage-lead-owner = { $app } darf diese Konten für { $owner } nutzen.
manage-loading = Ihre Verbindungen werden gelesen
manage-since = Verbunden am { $date }
manage-used = Zuletzt genutzt am { $date }
manage-unused = Noch nicht genutzt
manage-state-operational = Funktioniert
manage-state-degraded = Funktioniert. Das Erneuern misslingt gerade und wird wiederholt.
manage-state-failed = Funktioniert nicht mehr. Verbinden Sie neu.
manage-state-unknown = Noch nicht geprüft
manage-state-off = Von { $app } abgeschaltet
manage-reconnect = Neu verbinden
manage-disconnect = Trennen
manage-disconnect-button = { $service } trennen
manage-more = Mehr zeigen
manage-empty-title = Noch keine Verbindungen
manage-empty = { $app } hat auf keines Ihrer Konten Zugriff.
manage-confirm-title = { $service } trennen?
manage-confirm = { $app } kann dieses Konto bei { $service } ab dann nicht mehr nutzen. Was { $app } vorher gelesen hat, bleibt dort.
manage-ending-revoked = { $service } wird gebeten, den Zugriff ebenfalls zu beenden.
manage-ending-kept = { $service } lässt sich von hier nicht bitten, den Zugriff zu beenden. Entfernen Sie { $app } auch in den Einstellungen Ihres Kontos dort.
manage-ending-shared = Der Zugriff bei { $service } bleibt, weil eine andere Verbindung ihn nutzt. Er endet mit der letzten davon.
manage-ending-key = Der Schlüssel bleibt bei { $service } gültig, bis Sie ihn dort löschen.
manage-disconnecting = Wird getrennt
manage-keep = { $service } behalten
manage-done-title = { $service } ist getrennt
manage-done-text = { $app } kann dieses Konto bei { $service } nicht mehr nutzen.
manage-done-pending = { $service } wird gebeten, den Zugriff zu beenden.
manage-done-failed = { $service } konnte nicht gebeten werden, den Zugriff zu beenden. Entfernen Sie { $app } in den Einstellungen Ihres Kontos dort.
manage-back = Ihre Verbindungen ansehen
manage-gone-title = { $service } ist schon getrennt
manage-gone = Die Verbindung wurde inzwischen anderswo beendet. Es ist nichts mehr zu tun.

## Warum ein Dienst nicht verbunden wurde

problem-access-denied = { $service } wurde nicht verbunden: Der Zugriff wurde nicht erlaubt.
problem-account-changed = Das ist ein anderes Konto bei { $service } als das bisher verbundene. Melden Sie sich mit dem bisherigen an, oder legen Sie eine neue Verbindung an.
problem-account-unknown = { $service } hat nicht mitgeteilt, welches Konto das ist. Die Verbindung bleibt, wie sie war. Versuchen Sie es in einer Minute noch einmal.
problem-address-unreachable = { $service } ist unter der eingegebenen Adresse nicht erreichbar. Prüfen Sie die Adresse und versuchen Sie es noch einmal.
problem-app-broken = { $service } hat die Einstellungen dieser App abgelehnt. Wer die App betreibt, muss sie prüfen.
problem-app-refused = { $service } hat abgelehnt, wie diese App um Zugriff bittet. Wer die App betreibt, muss dort ihre Einstellungen prüfen.
problem-cannot-confirm = { $service } wird mit einem Code verbunden, und diese App bestätigt, wer sich angemeldet hat. Das kann ein Code nicht zeigen. Wer die App betreibt, kann das ändern.
problem-cannot-widen = Der Rest lässt sich von hier aus nicht erlauben. Verbinden Sie { $service } in der App neu.
problem-choices-refused = { $service } hat nicht gesagt, was dieses Konto nutzen darf. Melden Sie sich mit einem anderen Konto an, oder lassen Sie sich dort Zugang geben.
problem-choices-unexpected = { $service } hat anders geantwortet als vorgesehen. Wer die App betreibt, muss sich das ansehen.
problem-code-expired = { $service } nimmt diese Anmeldung nicht mehr an. Beginnen Sie von vorn.
problem-credential-refused = { $service } hat das abgelehnt. Prüfen Sie die Angaben und versuchen Sie es noch einmal.
problem-expired = Die Anmeldung hat zu lange gedauert. Beginnen Sie von vorn.
problem-field-errors = Einige Angaben müssen Sie noch prüfen.
problem-flow-expired = Diese Anmeldung hat zu lange gedauert und ist beendet. Beginnen Sie in der App von vorn.
problem-integration-changed = Der Weg zur Anmeldung bei { $service } wurde geändert. Beginnen Sie in der App von vorn.
problem-integration-not-offered = { $service } lässt sich hier nicht verbinden. Wer die App betreibt, kann es einschalten.
problem-interrupted = Die Anmeldung bei { $service } wurde unterbrochen. Versuchen Sie es noch einmal.
problem-link-revoked = Der Link wurde zurückgenommen. Nichts wurde verbunden.
problem-issuer-mismatch = Die Antwort kam nicht von { $service }. Beginnen Sie von vorn; geschieht es zweimal, sagen Sie es dem Betreiber der App.
problem-less-access = { $service } hat diesmal weniger erlaubt als zuvor. Die Verbindung blieb, wie sie war. Versuchen Sie es noch einmal und lassen Sie alle Häkchen gesetzt.
problem-login-required = Sie müssen sich zuerst bei { $service } anmelden. Versuchen Sie es noch einmal.
problem-no-verify-url = Die App hat keine Adresse, an der sie Anmeldungen bestätigt. Wer die App betreibt, kann eine setzen.
problem-not-me = Jemand hat angegeben, dass diese Anmeldung nicht von ihm war. Es wurde nichts verbunden.
problem-nothing-to-choose = { $service } hat nichts, was dieses Konto nutzen darf. Melden Sie sich mit einem anderen Konto an, oder lassen Sie sich dort Zugang geben.
problem-provider-refused = { $service } hat die Anmeldung abgelehnt.
problem-provider-unavailable = { $service } hat nicht wie erwartet geantwortet. Versuchen Sie es in ein paar Minuten noch einmal.
problem-session-expired = Die Sitzung zum Verbinden ist beendet. Beginnen Sie von vorn.
problem-session-used = In dieser Sitzung wurde schon eine Verbindung angelegt. Beginnen Sie in der App von vorn.
problem-wrong-code = Das ist nicht der Code. Sehen Sie im ersten Fenster nach und versuchen Sie es noch einmal.
problem-manage-not-allowed = Hier lassen sich keine Verbindungen verwalten. Nutzen Sie die App, aus der Sie kommen.
problem-other-project = Das gehört nicht zu dieser Adresse. Beginnen Sie in der App noch einmal.
problem-too-many-reconnects = Das wurde in dieser Stunde zu oft neu verbunden. Warten Sie eine Weile und versuchen Sie es dann noch einmal.
problem-too-many-flows = In diesem Fenster wurden zu viele Anmeldungen begonnen. Schließen Sie es und beginnen Sie in der App von vorn.

## Seiten des Servers

page-embed-title = Verbinden
page-embed-unknown-title = Diese Adresse wird nicht verwendet
page-embed-unknown-text = Hier hat keine App dieses Servers ein Verbindungsfenster. Gehen Sie zurück zur App; wer sie betreibt, findet die richtige Adresse in der Konsole unter Embed.
page-embed-later-text = Dieses Fenster lässt sich gerade nicht öffnen. Es versucht es von selbst noch einmal.
page-choose-title = Auswählen, was verbunden wird
page-no-script = Diese Seite braucht JavaScript. Erlauben Sie es für diese Seite und laden Sie sie neu.
page-frame-no-script = Dieses Fenster braucht JavaScript. Erlauben Sie es für diese Seite und laden Sie sie neu.

page-start-title = Die Anmeldeseite wird geöffnet
page-start-text = Einen Moment.
page-start-framed-title = Diese Seite öffnet sich in einem eigenen Fenster
page-start-framed-text = Sie lässt sich nicht in einer anderen Seite zeigen. Gehen Sie zurück zur App und beginnen Sie von vorn.

page-confirm-window-title = { $service } mit { $app } verbinden
page-confirm-title = Ist das Ihre Anmeldung?
page-confirm-lead = { $app } möchte { $service } verbinden.
page-confirm-owner = Gehört
page-confirm-origin = Sie kommen von
page-confirm-started = Begonnen
page-confirm-code = Code aus dem ersten Fenster
page-confirm-hint = Falls Sie das nicht gerade in { $app } begonnen haben, wählen Sie „Das war ich nicht“.
page-confirm-continue = Weiter zu { $service }
page-confirm-refuse = Das war ich nicht
page-confirm-nothing-title = Hier gibt es nichts zu bestätigen
page-confirm-nothing-text = Diese Anmeldung ist vorbei, oder sie wurde in einem anderen Browser begonnen. Gehen Sie zurück zur App und beginnen Sie von vorn.

page-done-account = Das Konto
page-done-app = Die App
page-done-success-title = { $service } ist verbunden
page-done-success-text = { $app } geht von selbst weiter.
page-done-failure-title = { $service } ist nicht verbunden
page-done-failure-text = Unterwegs ist etwas schiefgegangen. Es wurde nichts gespeichert. Beginnen Sie in der App von vorn.
page-done-cancelled-title = Es wurde nichts verbunden
page-done-cancelled-text = Die Anmeldung wurde abgebrochen. { $app } hat keinen Zugriff.
page-done-verifying-title = Ein Schritt fehlt noch
page-done-verifying-text = { $app } muss noch bestätigen, dass Sie es waren.
page-done-pending-title = { $service } ist noch nicht verbunden
page-done-pending-text = Die Anmeldung läuft noch. Beenden Sie sie im Fenster, in dem sie offen ist; dann sagt diese Seite, wie sie ausgegangen ist. Gibt es das Fenster nicht mehr, beginnen Sie von vorn in: { $app }.
page-done-neutral-title = Diese Anmeldung ist vorbei
page-done-neutral-text = Wie sie ausgegangen ist, zeigt die App, in der sie begonnen hat.
page-done-back = Zurück zu { $app }

page-callback-no-app-title = Diese Adresse wird nicht verwendet
page-callback-no-app-text = Die Weiterleitungsadresse beim Dienst nennt keine App dieses Servers. Wer die App betreibt, vergleicht sie mit `latchkey apps list`.
page-callback-incomplete-title = Diese Adresse ist nicht vollständig
page-callback-incomplete-text = Gehen Sie zurück zur App und beginnen Sie die Anmeldung dort von vorn.
page-callback-later-title = Einen Moment
page-callback-later-text = Die Anmeldung lässt sich gerade nicht abschließen. Diese Seite versucht es von selbst noch einmal.
page-callback-put-back-text = Die Anmeldung bei { $service } lässt sich gerade nicht abschließen. Es ging nichts verloren; diese Seite versucht es von selbst noch einmal.
page-callback-failed-title = Bei uns ist etwas schiefgegangen
page-callback-failed-text = Gehen Sie zurück zur App und beginnen Sie die Anmeldung dort von vorn.
page-callback-unknown-title = Diese Anmeldung ist hier nicht bekannt
page-callback-unknown-text = Gehen Sie zurück zur App und beginnen Sie die Anmeldung dort von vorn.
page-callback-other-browser-title = In einem anderen Browser begonnen
page-callback-other-browser-text = Es wurde nichts verbunden. Gehen Sie zurück zur App, in dem Browser, in dem Sie sie verwenden, und beginnen Sie dort von vorn.
page-callback-over-title = Diese Anmeldung ist beendet
page-callback-over-text = Sie hat zu lange gedauert oder wurde geschlossen. Gehen Sie zurück zur App und beginnen Sie dort von vorn.
