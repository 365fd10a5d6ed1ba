# Every text of the modal, of the pages around a sign-in and of their scripts. English is the source: each other language
# has the same keys with the same variables, a key that it lacks is said in English.
#
# The name before the first hyphen is a group, as the scripts read it: `pick-connected-count` is
# `messages.pick.connectedCount`. The groups `page` and `problem` stand last; `page` is for the server alone.
#
# What the scripts can do is all that a text may use: variables, and a choice by a variable (a number's plural category,
# or a word). No terms, references, attributes or functions. Names of services, apps and people come in as variables and
# are never translated. Sentences name things so that a variable stands in one form only.

## The frame of every screen, and what is said in several places

brand-secured = Secured by Latchkey
brand-test = Test
brand-close = Close
brand-back = Back
brand-reference = Reference
brand-fallback-app = this app
brand-fallback-service = the service
brand-keeper = Latchkey
brand-copy-reference = Copy the reference { $reference }
brand-copy-text = Copy this text
brand-copied = Copied
brand-privacy = Privacy policy
brand-terms = Terms of use

## Without a network

offline-title = You are offline
offline-text = You are offline. This goes on when the connection is back.

## Something is being fetched

loading-title = Loading
loading-token = Asking { $app } for permission to connect
loading-session = Loading the services
loading-form = Loading { $service }
loading-slow = This takes longer than usual.
loading-give-up = Close

## The list of services

pick-title = Connect a service
pick-lead = Choose what { $app } may use.
pick-search = Search services
pick-all = All
pick-own = Your connections ({ $count })
pick-connected = Connected
pick-connected-count = { $count } connected
pick-none = Nothing matches “{ $query }”.
pick-clear = Clear the search
pick-results =
    { $count ->
        [one] { $count } service
       *[other] { $count } services
    }
pick-list = Services
pick-categories = Categories

## Categories, by their names in the definitions. Another one is shown as it is written there.

category-accounting = Accounting
category-ai = AI
category-analytics = Analytics
category-calendar = Calendar
category-chat = Chat
category-communication = Communication
category-crm = CRM
category-development = Development
category-email = Email
category-files = Files
category-hr = HR
category-identity = Identity
category-marketing = Marketing
category-payments = Payments
category-productivity = Productivity
category-sales = Sales
category-support = Support

## Nothing to choose from

empty-title = Nothing to connect yet
empty-text =
    { $environment ->
        [test] { $app } has not enabled any service in its test environment. The people who run { $app } can add one.
       *[other] { $app } has not enabled any service. The people who run { $app } can add one.
    }

## One service, before it is connected

explain-title = Connect { $service }
explain-reconnect-title = Reconnect { $service }
explain-reconnect-reason = The connection to { $service } no longer works.
explain-reconnect-refused = { $service } no longer accepts this connection.
explain-reconnect-keeps = Connect it again, and { $app } goes on where it stopped.
explain-account = Use the same { $service } account as before: { $account }. Another one is refused.
explain-permission = Use the permission “{ $scope }”
explain-keeps = { $keeper } keeps the access encrypted and uses it only for { $app }. You can end it in your { $service } settings.
explain-keeps-unnamed = The access is kept encrypted and used only for { $app }. You can end it in your { $service } settings.
explain-lead = { $app } asks to use your { $service } account.
explain-access = { $app } will be able to
explain-owner = The connection will belong to { $owner }
explain-promise = { $service } opens in its own window. { $app } never sees your password.
explain-promise-same-tab = { $service } opens in this tab and brings you back. { $app } never sees your password.
explain-promise-code = You enter a code on the page of { $service }. { $app } never sees your password.
explain-key-promise = Stored encrypted, and used only for { $app }.
explain-button = Connect { $service }
explain-reconnect-button = Reconnect { $service }
explain-docs = What these permissions mean
explain-policies = How { $app } treats your data:
explain-other = { $method } instead

## Fields

form-name = Name of this connection
form-name-help = To tell two accounts apart. You may leave it empty.
form-optional = optional
form-find-short = Where do I find this?
form-reveal = Show
form-conceal = Hide
form-reveal-label = Show { $label }
form-conceal-label = Hide { $label }
form-required = { $label } is missing.
form-pattern = This does not look right for “{ $label }”. Check that all of it was copied.
form-characters = { $label } holds a character that cannot be sent. Copy it again.
form-choose = Choose one
form-other = Another address
form-checking = Checking with { $service }
form-refused = { $service } refused this. Check it and try again.
form-stop = Stop waiting

## The sign-in is in another window

waiting-title = Continue in the { $service } window
waiting-text = Sign in to { $service } there. This page goes on by itself.
waiting-closed = Closed the { $service } window?
waiting-no-window = No window to see?
waiting-reopen = Open it again
waiting-cancel = Cancel
waiting-other = Use another way
waiting-code-title = Enter this code in the other window
waiting-code-text = It shows that both windows are yours.
waiting-code-label = The code is { $code }

## A code to enter at the service

code-title = Enter this code at { $service }
code-text = Open the { $service } page and check that it shows this code, or enter it there. This page goes on by itself.
code-open = Open the { $service } page
code-copy = Copy the code
code-copied = Copied
code-elsewhere = On another device, go to { $address }
code-left = Time left: { $time }
code-minute = The code is good for one more minute.

## The sign-in opens in this tab

redirecting-title = Taking you to { $service }
redirecting-text = You come back here when you have signed in.
redirecting-stuck-title = This page did not move on
redirecting-stuck-text = Reload this page and try again, or continue here.
redirecting-here = Continue in this tab

## The sign-in is through, the connection is being made

verifying-title = Finishing with { $service }
verifying-text = This takes a moment.
verifying-customer-title = { $app } confirms it is you
verifying-customer-text = Follow the other window to the end. This page goes on by itself.

## Several accounts behind one sign-in

choose-title = Choose what to connect
choose-lead = Your { $service } sign-in reaches several accounts or workspaces. Choose the one that { $app } uses.
choose-list = What you can choose
choose-search = Search
choose-results =
    { $count ->
        [one] { $count } entry
       *[other] { $count } entries
    }
choose-changed = What was connected before is not among them any more. Choose another, or cancel and nothing changes.
choose-unsent = That did not go through. Choose again.
choose-elsewhere-title = Choose in the { $service } window
choose-elsewhere-text = Your sign-in reaches several accounts or workspaces. Choose there; this page goes on by itself.

## Connected

success-title = { $service } is connected
success-again-title = { $service } is connected again
success-text = { $app } can use it now.
success-text-owner = { $app } can use it now for { $owner }.
success-generic-title = Your account is connected
success-done = Done
success-another = Connect another service

## Connected, with less than was asked for

partial-title = { $app } got less access than it asked for. It will not be able to:
partial-text = If something in { $app } does not work, connect { $service } again and leave every box ticked.
partial-rest = Allow the rest
partial-rest-text = You can allow the rest now. What works already stays as it is.

## The rest was not allowed: the connection has what it had

kept-title = { $service } stays as it was
kept-text = Nothing was taken away: { $app } can use { $service } as before.

## The chosen service is connected already

connected-title = { $service } is connected already
connected-text = { $app } can use it.
connected-text-owner = { $app } can use it for { $owner }.
connected-accounts = Connected accounts
connected-more = and { $count } more
connected-keep = Keep it as it is
connected-another = Connect another { $service } account

## An administrator has to approve

approval-title = { $service } needs an administrator’s approval
approval-text = Your organisation decides there which apps may connect. Ask the people who run { $service } for you to approve { $app }, then try again.
approval-said = { $service } said: “{ $said }”
approval-request = I would like to connect { $service } to { $app }. { $service } asks for an administrator’s approval first: allow { $app } in the { $service } settings for apps, then tell me.

## Another account than the one before

account-title = That is another account
account-changed = Nothing was changed: the connection stays with the account it has.
account-known = Sign in to { $service } as { $account }.
account-unnamed = Sign in to { $service } with the account from before.
account-unknown = { $service } did not say which account this is, so the connection was left as it was. Try again in a minute.
account-again = Reconnect { $service }

## In the browser of another app

webview-title = { $service } may refuse to open here
webview-text = This is the browser inside another app, and many services do not let anybody sign in there. Open { $app } in your own browser and connect { $service } there.
webview-open = Open in the browser
webview-copy = Copy the address
webview-copied = Copied
webview-anyway = Try it here

## Not connected

failure-title = { $service } is not connected
failure-generic-title = The account is not connected
failure-retry = Try again
failure-list = Choose another service
failure-close = Close
failure-token-title = Connecting did not start
failure-token = { $app } did not answer as it should. Try again. If it stays like this, the people who run { $app } can mend it; show them this:
failure-generic = Something went wrong on the way. Nothing was saved. Try again.
failure-network = There is no answer. Check your connection to the internet and try again.
failure-server-title = This does not work right now
failure-server = The fault is on our side, and nothing was saved. Try again in a minute.
failure-provider-title = { $service } is not answering
failure-provider = Nothing was saved. { $service } may be down for a moment: try again in a minute.
failure-denied = You did not allow access at { $service }, so { $app } has none. If that was not what you wanted, try again and choose to allow it.
failure-final = { $service } does not accept the way { $app } asks for access, and trying again will not help. The people who run { $app } can mend it; show them this:
failure-timed-out = The sign-in was not finished in time. Nothing was connected.
failure-embedder-title = This page may not open here
failure-embedder = { $origin } is not on the list of addresses that may show this page. The people who run that site can add it to their project's origins in Latchkey.
failure-no-embedder-title = The page around this one did not answer
failure-no-embedder = Reload the page and try again. If it stays like this, the people who run the page need to check how it opens Latchkey.

## Out of time

expired-title = This took too long
expired-text = For safety, a sign-in is open for a short time only. Nothing was connected. Start again when you are ready.
expired-again = Start again

## Stopped by the person

cancelled-title = Nothing was connected
cancelled-text = You stopped before { $service } was connected. { $app } has no access to it.
cancelled-again = Connect { $service }

## Refused by the person in the other window

rejected-title = This sign-in was refused
rejected-text = In the other window somebody said that this sign-in was not theirs. Nothing was connected, and nothing more is needed.
rejected-another = The person who finished this sign-in is not the one signed in to { $app }. Nothing was connected. Sign in to { $app } as yourself and start again there.

## The browser opened no window

blocked-title = The browser kept the window shut
blocked-text = Open the { $service } sign-in yourself.
blocked-open = Open the sign-in window
blocked-here = Continue in this tab

## Another way, when the window does not work

ways-title = Another way to sign in
ways-text = Choose where { $service } opens. The window from before no longer counts.

## Back from the browser's page cache

reload-title = Reload this page to go on
reload-text = You came back with the browser's back button, and this window has lost its place. Nothing was connected.

## Back from the service in this tab

check-title = Finishing the connection
check-text = This takes a moment.
check-unfinished-title = The sign-in was not finished
check-unfinished-text = Close this and start again. If you did finish it, wait a moment: this page goes on by itself.

## Opened by itself

inside-title = This opens inside an app
inside-text = This page is part of another product and works only in there. Go back to the app that sent you here and start again.

## Texts of LINK_ERROR, for developers and logs, so in plain words too

token-missing = No token endpoint is set: pass its address to the embed script.
token-relative = The address of the token endpoint must be absolute, beginning with https://.
token-unreachable = The token endpoint at { $host } cannot be reached, or does not allow this page (CORS).
token-timed-out = The token endpoint at { $host } did not answer in 20 seconds.
token-not-json = The token endpoint at { $host } answered { $status } with something that is not JSON.
token-empty = The token endpoint at { $host } gave an empty answer.
token-unknown = The token endpoint at { $host } answered { $status } without a session.
token-no-session = The answer of the token endpoint has no request id.
token-timed-out-port = The page did not hand over a token in 20 seconds.

## /connect/start

start-resume-title = Go on with your sign-in
start-resume-button = Continue to { $service }
start-nothing-title = Nothing to continue here
start-nothing = This window has no sign-in under way. Close it and start again in the app.
start-unknown-title = This sign-in is not known any more
start-unknown = Close this window and start again in the app.
start-spent-title = This sign-in was opened already
start-spent = It can be opened once only. Look for the other window, or start again in the app.
start-foreign-title = Open this from the app
start-foreign = This address works only when the app itself opens it. If somebody sent it to you, do not go on.
start-return-title = The way back is not allowed
start-return-text = The app's address is not on the list of its project. The people who run the app can add it in Latchkey.
start-expired-title = This took too long
start-expired = Close this window and start again in the app.
start-failed-title = The sign-in page did not open
start-failed = Latchkey cannot be reached at the moment. Close this window and try again in the app.
start-close = Close this window
start-may-close = You can close this window.

## /connect/confirm, as far as its script says it

confirm-wrong-code = That is not the code. Look at the first window and try again.
confirm-empty-code = Enter the code that the first window shows.
confirm-rejected-title = Stopped
confirm-rejected = Nothing was connected. If you did not start this, nothing more is needed.
confirm-gone-title = This sign-in is over
confirm-gone = Close this window and start again in the app.
confirm-failed = Latchkey cannot be reached at the moment. Try again.

## /connect/link: a link to connect, to reconnect as mails carry it, or to one's own connections

link-loading = Reading the link
link-title = Reconnect { $service }
link-failed = { $app } can no longer use your { $service } account.
link-expiring = The access of { $app } to your { $service } account ends soon.
link-account = Sign in there as { $account }
link-same = Use the same account as before. Another one is refused.
link-opening = Opening
link-closed-title = You can close this window
link-closed = Whatever you do next, do it in { $app }.
link-used-title = This is done
link-used = This was reconnected already. There is nothing to do.
link-over-title = This link does not work any more
link-expired = This link has ended. Open the app that sent it, and reconnect there.
link-deleted = The connection that this link is for was deleted. Open the app that sent it, and connect there.
link-incomplete-title = This link is not complete
link-connect-title = Connect { $service } to { $app }
link-connect-any-title = Connect your accounts to { $app }
link-manage-title = Your connections with { $app }
link-invited = { $inviter } asks you to connect { $service } to { $app }.
link-invited-any = { $inviter } asks you to connect accounts to { $app }.
link-asked = { $app } asks you to connect { $service }.
link-asked-any = { $app } asks you to connect accounts.
link-reconnect = { $app } asks you to connect your { $service } account again.
link-of = Connections of { $owner }
link-not-you = If that is not you, do not go on: close this page.
link-once = This link works once.
link-manage-lead = See which of your accounts { $app } may use, reconnect them or disconnect them.
link-continue = Continue to { $service }
link-used-once = This link was used: the account is connected. There is nothing to do.
link-revoked = This link was taken back. Ask whoever sent it for a new one.
link-ended = This link has ended. Ask whoever sent it for a new one.
link-back = Back to { $app }
link-close = Close this window
link-incomplete = A part of the link is missing. Open it as a whole, as it was sent to you, or go to the app that sent it.

## One's own connections, in the modal and by a link

manage-title = Your connections
manage-lead = { $app } may use these accounts.
manage-lead-owner = { $app } may use these accounts for { $owner }.
manage-loading = Reading your connections
manage-since = Connected { $date }
manage-used = Last used { $date }
manage-unused = Not used yet
manage-state-operational = Works
manage-state-degraded = Works. Renewing it fails at the moment and is tried again.
manage-state-failed = Does not work any more. Reconnect it.
manage-state-unknown = Not tried yet
manage-state-off = Switched off by { $app }
manage-reconnect = Reconnect
manage-disconnect = Disconnect
manage-disconnect-button = Disconnect { $service }
manage-more = Show more
manage-empty-title = No connections yet
manage-empty = { $app } has no access to any account of yours.
manage-confirm-title = Disconnect { $service }?
manage-confirm = { $app } can no longer use this { $service } account from then on. What { $app } has read before stays there.
manage-ending-revoked = { $service } is asked to end the access, too.
manage-ending-kept = { $service } cannot be asked to end the access from here. Remove { $app } in the settings of your account there, too.
manage-ending-shared = The access at { $service } stays, because another connection uses it. It ends with the last of them.
manage-ending-key = The key stays valid at { $service } until you delete it there.
manage-disconnecting = Disconnecting
manage-keep = Keep { $service }
manage-done-title = { $service } is disconnected
manage-done-text = { $app } can no longer use this { $service } account.
manage-done-pending = { $service } is being asked to end the access.
manage-done-failed = { $service } could not be asked to end the access. Remove { $app } in the settings of your account there.
manage-back = See your connections
manage-gone-title = { $service } is disconnected already
manage-gone = The connection was ended somewhere else in the meantime. There is nothing left to do.

## Why a service was not connected. `service` is its name. In English the server's own sentence is shown, which says more.

problem-access-denied = { $service } was not connected: the access was not allowed.
problem-account-changed = This is another { $service } account than the one that was connected. Sign in with the earlier account, or make a new connection.
problem-account-unknown = { $service } did not say which account this is, so the connection was left as it was. Try again in a minute.
problem-address-unreachable = { $service } could not be reached at the address that was entered. Check the address, then try again.
problem-app-broken = { $service } refused this app’s settings. The people who run the app have to check them.
problem-app-refused = { $service } refused the way this app asks for access. The people who run the app have to look at its settings there.
problem-cannot-confirm = { $service } is connected with a code, and this app confirms who signed in, which a code cannot show. The people who run the app can change that.
problem-cannot-widen = The rest cannot be allowed from here. Connect { $service } again in the app.
problem-choices-refused = { $service } did not say what this account may use. Sign in with another account, or ask the people who run it for you to give you access.
problem-choices-unexpected = { $service } answered in a way that was not foreseen. The people who run the app have to look at it.
problem-code-expired = { $service } no longer accepts this sign-in. Start again.
problem-credential-refused = { $service } refused this. Check the values and try again.
problem-expired = The sign-in took too long. Start again.
problem-field-errors = Some values need a look.
problem-flow-expired = This sign-in took too long and has ended. Start again in the app.
problem-integration-changed = The way to sign in to { $service } was changed. Start again in the app.
problem-integration-not-offered = { $service } cannot be connected here. The people who run the app can switch it on.
problem-interrupted = The sign-in to { $service } was interrupted. Try again.
problem-link-revoked = The link was taken back. Nothing was connected.
problem-issuer-mismatch = The answer did not come from { $service }. Start again; tell the people who run the app if it happens twice.
problem-less-access = { $service } gave less this time than before, so the connection was left as it was. Try again and leave every box ticked.
problem-login-required = { $service } wants you to sign in there first. Try again.
problem-no-verify-url = The app has no address to confirm sign-ins at. The people who run it can set one.
problem-not-me = Somebody said that this sign-in was not theirs. Nothing was connected.
problem-nothing-to-choose = { $service } has nothing that this account may use. Sign in with another account, or ask the people who run it for you to give you access.
problem-provider-refused = { $service } refused the sign-in.
problem-provider-unavailable = { $service } did not answer as expected. Try again in a few minutes.
problem-session-expired = The connect session has ended. Start again.
problem-session-used = This session made its connection already. Start again in the app.
problem-wrong-code = That is not the code. Look at the first window and try again.
problem-manage-not-allowed = Connections cannot be looked after here. Use the app that brought you here.
problem-other-project = This does not belong to this address. Start again in the app.
problem-too-many-reconnects = This was connected again too often within the hour. Wait a while, then try again.
problem-too-many-flows = Too many sign-ins were started from this window. Close it and start again in the app.

## Pages that the server writes

page-embed-title = Connect
page-embed-unknown-title = This address is not in use
page-embed-unknown-text = No app of this server has a connection window here. Go back to the app; whoever runs it finds the right address in the console, under Embed.
page-embed-later-text = This window cannot open right now. It tries again by itself.
page-choose-title = Choose what to connect
page-no-script = This page needs JavaScript. Allow it for this page and reload.
page-frame-no-script = This window needs JavaScript. Allow it for this page and reload.

page-start-title = Opening the sign-in page
page-start-text = One moment.
page-start-framed-title = This page opens in its own window
page-start-framed-text = It cannot be shown inside another page. Go back to the app and start again.

page-confirm-window-title = Connect { $service } to { $app }
page-confirm-title = Is this your sign-in?
page-confirm-lead = { $app } asks to connect { $service }.
page-confirm-owner = Belongs to
page-confirm-origin = You came from
page-confirm-started = Started
page-confirm-code = Code from the first window
page-confirm-hint = If you did not just start this in { $app }, choose “This was not me”.
page-confirm-continue = Continue to { $service }
page-confirm-refuse = This was not me
page-confirm-nothing-title = There is nothing to confirm here
page-confirm-nothing-text = This sign-in is over, or it was started in another browser. Go back to the app and start again.

page-done-account = The account
page-done-app = the app
page-done-success-title = { $service } is connected
page-done-success-text = { $app } goes on by itself.
page-done-failure-title = { $service } is not connected
page-done-failure-text = Something went wrong on the way. Nothing was saved. Start again in the app.
page-done-cancelled-title = Nothing was connected
page-done-cancelled-text = The sign-in was stopped. { $app } has no access.
page-done-verifying-title = One step is left
page-done-verifying-text = { $app } has to confirm that it was you.
page-done-pending-title = { $service } is not connected yet
page-done-pending-text = The sign-in is still going on. Finish it in the window where it is open; this page then says how it ended. If that window is gone, start again in { $app }.
page-done-neutral-title = This sign-in is over
page-done-neutral-text = How it ended is shown in the app where it began.
page-done-back = Back to { $app }

page-callback-no-app-title = This address is not in use
page-callback-no-app-text = The redirect address at the service names no app of this server. Whoever runs the app compares it with `latchkey apps list`.
page-callback-incomplete-title = This address is not complete
page-callback-incomplete-text = Go back to the app and start the sign-in again there.
page-callback-later-title = One moment
page-callback-later-text = The sign-in cannot be finished right now. This page tries again by itself.
page-callback-put-back-text = The sign-in to { $service } cannot be finished right now. Nothing was lost; this page tries again by itself.
page-callback-failed-title = Something went wrong on our side
page-callback-failed-text = Go back to the app and start the sign-in again there.
page-callback-unknown-title = This sign-in is not known here
page-callback-unknown-text = Go back to the app and start the sign-in again there.
page-callback-other-browser-title = This sign-in was started in another browser
page-callback-other-browser-text = Nothing was connected. Go back to the app, in the browser you use it with, and start again there.
page-callback-over-title = This sign-in has ended
page-callback-over-text = It took too long or was closed. Go back to the app and start again there.
