brand-secured = Latchkey による保護
brand-test = テスト
brand-close = 閉じる
brand-back = 戻る
brand-reference = 参照番号
brand-fallback-app = このアプリ
brand-fallback-service = サービス
brand-keeper = Latchkey
brand-copy-reference = 参照番号 { $reference } をコピー
brand-copy-text = この文章をコピー
brand-copied = コピーしました
brand-privacy = プライバシーポリシー
brand-terms = 利用規約

offline-title = オフラインです
offline-text = オフラインです。接続が戻ると続行します。

loading-title = 読み込み中
loading-token = { $app } に接続の許可を求めています
loading-session = サービスを読み込んでいます
loading-form = { $service } を読み込んでいます
loading-slow = 通常より時間がかかっています。
loading-give-up = 閉じる

pick-title = サービスを接続
pick-lead = { $app } に利用を許可するサービスを選んでください。
pick-search = サービスを検索
pick-all = すべて
pick-own = あなたの連携（{ $count }）
pick-connected = 接続済み
pick-connected-count = { $count } 件接続済み
pick-none = 「{ $query }」に一致するものはありません。
pick-clear = 検索をクリア
pick-results = { $count } 件のサービス
pick-list = サービス
pick-categories = カテゴリ

category-accounting = 会計
category-ai = AI
category-analytics = 分析
category-calendar = カレンダー
category-chat = チャット
category-communication = コミュニケーション
category-crm = CRM
category-development = 開発
category-email = メール
category-files = ファイル
category-hr = 人事
category-identity = ID 管理
category-marketing = マーケティング
category-payments = 決済
category-productivity = 仕事効率化
category-sales = 営業
category-support = サポート

empty-title = 接続できるサービスはまだありません
empty-text =
    { $environment ->
        [test] { $app } はテスト環境でサービスを有効にしていません。{ $app } の運営者が追加できます。
       *[other] { $app } はサービスを有効にしていません。{ $app } の運営者が追加できます。
    }

explain-title = { $service } を接続
explain-reconnect-title = { $service } を再接続
explain-reconnect-reason = { $service } への接続が使えなくなりました。
explain-reconnect-refused = { $service } がこの接続を受け付けなくなりました。
explain-reconnect-keeps = 再接続すると、{ $app } は中断したところから再開します。
explain-account = 以前と同じ { $service } アカウント（{ $account }）を使ってください。別のアカウントは拒否されます。
explain-permission = 権限「{ $scope }」を使う
explain-keeps = { $keeper } はアクセス権を暗号化して保管し、{ $app } のためだけに使います。{ $service } の設定でいつでも取り消せます。
explain-keeps-unnamed = アクセス権は暗号化して保管され、{ $app } のためだけに使われます。{ $service } の設定でいつでも取り消せます。
explain-lead = { $app } が { $service } アカウントの利用を求めています。
explain-access = { $app } ができるようになること
explain-owner = この接続の所有者は { $owner } になります
explain-promise = { $service } は専用のウィンドウで開きます。パスワードが { $app } に渡ることはありません。
explain-promise-same-tab = { $service } はこのタブで開き、終わるとここに戻ります。パスワードが { $app } に渡ることはありません。
explain-promise-code = { $service } のページでコードを入力します。パスワードが { $app } に渡ることはありません。
explain-key-promise = 暗号化して保存し、{ $app } のためだけに使います。
explain-button = { $service } を接続
explain-reconnect-button = { $service } を再接続
explain-docs = これらの権限について
explain-policies = { $app } でのデータの取り扱い:
explain-other = 別の方法：{ $method }

form-name = この接続の名前
form-name-help = 複数のアカウントを区別するためのものです。空欄でもかまいません。
form-optional = 任意
form-find-short = どこで確認できますか？
form-reveal = 表示
form-conceal = 隠す
form-reveal-label = { $label } を表示
form-conceal-label = { $label } を隠す
form-required = { $label } を入力してください。
form-pattern = 「{ $label }」の形式ではないようです。すべてコピーされているか確認してください。
form-characters = 「{ $label }」に送信できない文字が含まれています。もう一度コピーしてください。
form-choose = 選択してください
form-other = 別のアドレス
form-checking = { $service } に確認しています
form-refused = { $service } に拒否されました。内容を確認して、もう一度お試しください。
form-stop = 待つのをやめる

waiting-title = { $service } のウィンドウで続けてください
waiting-text = そちらで { $service } にサインインしてください。このページは自動的に進みます。
waiting-closed = { $service } のウィンドウを閉じましたか？
waiting-no-window = ウィンドウが見当たりませんか？
waiting-reopen = もう一度開く
waiting-cancel = キャンセル
waiting-other = 別の方法を使う
waiting-code-title = もう一方のウィンドウにこのコードを入力してください
waiting-code-text = 両方のウィンドウがご本人のものであることを確認します。
waiting-code-label = コードは { $code } です

code-title = { $service } でこのコードを入力してください
code-text = { $service } のページを開き、このコードが表示されているか確認するか、そこに入力してください。このページは自動的に進みます。
code-open = { $service } のページを開く
code-copy = コードをコピー
code-copied = コピーしました
code-elsewhere = 別のデバイスの場合: { $address }
code-left = 残り時間: { $time }
code-minute = コードの有効期限はあと 1 分です。

redirecting-title = { $service } に移動しています
redirecting-text = サインインすると、ここに戻ります。
redirecting-stuck-title = このページから移動できませんでした
redirecting-stuck-text = ページを再読み込みしてもう一度お試しになるか、ここで続けてください。
redirecting-here = このタブで続ける

verifying-title = { $service } との接続を完了しています
verifying-text = しばらくお待ちください。
verifying-customer-title = { $app } がご本人を確認しています
verifying-customer-text = もう一方のウィンドウで最後まで進めてください。このページは自動的に進みます。

choose-title = 接続するものを選択
choose-lead = { $service } のサインインで複数のアカウントやワークスペースを利用できます。{ $app } が使うものを選んでください。
choose-list = 選択できるもの
choose-search = 検索
choose-results = { $count } 件
choose-changed = 以前に接続していたものは一覧にありません。別のものを選ぶか、キャンセルしてください。キャンセルすると何も変わりません。
choose-unsent = 完了できませんでした。もう一度選んでください。
choose-elsewhere-title = { $service } のウィンドウで選択
choose-elsewhere-text = このサインインで複数のアカウントやワークスペースを利用できます。そちらで選んでください。このページは自動的に進みます。

success-title = { $service } を接続しました
success-again-title = { $service } を再接続しました
success-text = { $app } で利用できるようになりました。
success-text-owner = { $app } で { $owner } のために利用できるようになりました。
success-generic-title = アカウントを接続しました
success-done = 完了
success-another = 別のサービスを接続

partial-title = { $app } が求めた権限の一部が許可されていません。次のことができません：
partial-text = { $app } でうまく動作しない場合は、すべてのチェックを入れたまま { $service } を再接続してください。
partial-rest = 残りも許可する
partial-rest-text = 残りの権限を今すぐ許可できます。すでに使えるものはそのままです。

kept-title = { $service } は元のままです
kept-text = 何も取り消されていません。{ $app } はこれまでどおり { $service } を利用できます。

connected-title = { $service } は接続済みです
connected-text = { $app } で利用できます。
connected-text-owner = { $app } で { $owner } のために利用できます。
connected-accounts = 接続済みのアカウント
connected-more = ほか { $count } 件
connected-keep = このままにする
connected-another = 別の { $service } アカウントを接続

approval-title = { $service } には管理者の承認が必要です
approval-text = 接続できるアプリは所属組織が管理しています。{ $service } の管理者に { $app } の承認を依頼してから、もう一度お試しください。
approval-said = { $service } からのメッセージ：「{ $said }」
approval-request = { $service } を { $app } に接続したいのですが、先に管理者の承認が必要です。{ $service } のアプリ設定で { $app } を許可し、完了したらお知らせください。

account-title = 別のアカウントです
account-changed = 何も変更されていません。接続は元のアカウントのままです。
account-known = { $service } に { $account } としてサインインしてください。
account-unnamed = 以前のアカウントで { $service } にサインインしてください。
account-unknown = { $service } からアカウントの情報を得られなかったため、接続は元のままです。1 分後にもう一度お試しください。
account-again = { $service } を再接続

webview-title = { $service } はここで開けない可能性があります
webview-text = これは別のアプリ内のブラウザで、多くのサービスではサインインできません。普段お使いのブラウザで { $app } を開き、{ $service } を接続してください。
webview-open = ブラウザで開く
webview-copy = アドレスをコピー
webview-copied = コピーしました
webview-anyway = ここで試す

failure-title = { $service } は接続されていません
failure-generic-title = アカウントは接続されていません
failure-retry = もう一度試す
failure-list = 別のサービスを選ぶ
failure-close = 閉じる
failure-token-title = 接続を開始できませんでした
failure-token = { $app } から想定どおりの応答がありませんでした。もう一度お試しください。解決しない場合は、{ $app } の運営者に次の内容をお伝えください。
failure-generic = 途中で問題が発生しました。何も保存されていません。もう一度お試しください。
failure-network = 応答がありません。インターネット接続を確認して、もう一度お試しください。
failure-server-title = 現在、利用できません
failure-server = こちら側の問題です。何も保存されていません。1 分後にもう一度お試しください。
failure-provider-title = { $service } が応答していません
failure-provider = 何も保存されていません。{ $service } が一時的に停止している可能性があります。1 分後にもう一度お試しください。
failure-denied = { $service } でアクセスが許可されなかったため、{ $app } はアクセスできません。意図したものでない場合は、もう一度試して許可してください。
failure-final = { $app } によるアクセスの求め方が { $service } に受け入れられず、再試行しても解決しません。{ $app } の運営者に次の内容をお伝えください。
failure-timed-out = 時間内にサインインが完了しませんでした。何も接続されていません。
failure-embedder-title = このページはここでは開けません
failure-embedder = { $origin } は、このページを表示できるアドレスの一覧にありません。サイトの運営者が Latchkey でプロジェクトのオリジンに追加できます。
failure-no-embedder-title = 埋め込み元のページが応答しませんでした
failure-no-embedder = ページを再読み込みして、もう一度お試しください。解決しない場合は、ページの運営者が Latchkey の開き方を確認する必要があります。

expired-title = 時間がかかりすぎました
expired-text = 安全のため、サインインできる時間は限られています。何も接続されていません。準備ができたら、もう一度始めてください。
expired-again = もう一度始める

cancelled-title = 何も接続されていません
cancelled-text = { $service } の接続が完了する前に中止されました。{ $app } はアクセスできません。
cancelled-again = { $service } を接続

rejected-title = このサインインは拒否されました
rejected-text = もう一方のウィンドウで、自分のサインインではないという回答がありました。何も接続されておらず、これ以上の操作は不要です。
rejected-another = { $app } が認識している方とは別の方がサインインを完了しました。何も接続されていません。ご自身で { $app } にサインインして、もう一度始めてください。

blocked-title = ブラウザがウィンドウを開きませんでした
blocked-text = { $service } のサインイン画面をご自身で開いてください。
blocked-open = サインイン画面を開く
blocked-here = このタブで続ける

ways-title = 別のサインイン方法
ways-text = { $service } を開く場所を選んでください。前のウィンドウは無効になりました。

reload-title = ページを再読み込みしてください
reload-text = ブラウザの戻るボタンで戻ったため、このウィンドウは続きから再開できません。何も接続されていません。

check-title = 接続を完了しています
check-text = しばらくお待ちください。
check-unfinished-title = サインインが完了していません
check-unfinished-text = これを閉じて、もう一度始めてください。完了済みの場合は、このまましばらくお待ちください。自動的に進みます。

inside-title = アプリの中で開くページです
inside-text = このページは別の製品の一部で、その中でのみ動作します。元のアプリに戻って、もう一度始めてください。

token-missing = トークンエンドポイントが設定されていません。埋め込みスクリプトにアドレスを渡してください。
token-relative = トークンエンドポイントのアドレスは https:// で始まる絶対アドレスにしてください。
token-unreachable = { $host } のトークンエンドポイントに接続できないか、このページが許可されていません（CORS）。
token-timed-out = { $host } のトークンエンドポイントが 20 秒以内に応答しませんでした。
token-not-json = { $host } のトークンエンドポイントが { $status } で、JSON ではない内容を返しました。
token-empty = { $host } のトークンエンドポイントが空の応答を返しました。
token-unknown = { $host } のトークンエンドポイントが { $status } を返し、セッションがありませんでした。
token-no-session = トークンエンドポイントの応答にリクエスト ID がありません。
token-timed-out-port = ページが 20 秒以内にトークンを渡しませんでした。

start-resume-title = サインインを続ける
start-resume-button = { $service } に進む
start-nothing-title = 続けられるサインインはありません
start-nothing = このウィンドウで進行中のサインインはありません。閉じて、アプリからもう一度始めてください。
start-unknown-title = このサインインは見つかりません
start-unknown = このウィンドウを閉じて、アプリからもう一度始めてください。
start-spent-title = このサインインはすでに開かれています
start-spent = 開けるのは一度だけです。もう一方のウィンドウを探すか、アプリからもう一度始めてください。
start-foreign-title = アプリから開いてください
start-foreign = このアドレスは、アプリ自身が開いた場合にのみ使えます。誰かから送られてきた場合は、先に進まないでください。
start-return-title = 戻り先が許可されていません
start-return-text = アプリのアドレスがプロジェクトの一覧にありません。アプリの運営者が Latchkey で追加できます。
start-expired-title = 時間がかかりすぎました
start-expired = このウィンドウを閉じて、アプリからもう一度始めてください。
start-failed-title = サインイン画面を開けませんでした
start-failed = 現在 Latchkey に接続できません。このウィンドウを閉じて、アプリからもう一度お試しください。
start-close = このウィンドウを閉じる
start-may-close = このウィンドウは閉じてかまいません。

confirm-wrong-code = コードが違います。最初のウィンドウを確認して、もう一度お試しください。
confirm-empty-code = 最初のウィンドウに表示されているコードを入力してください。
confirm-rejected-title = 中止しました
confirm-rejected = 何も接続されていません。お心当たりがない場合も、これ以上の操作は不要です。
confirm-gone-title = このサインインは終了しました
confirm-gone = このウィンドウを閉じて、アプリからもう一度始めてください。
confirm-failed = 現在 Latchkey に接続できません。もう一度お試しください。

link-loading = リンクを読み込んでいます
link-title = { $service } を再接続
link-failed = { $app } はあなたの { $service } アカウントを使えなくなりました。
link-expiring = { $app } によるあなたの { $service } アカウントへのアクセスはまもなく終了します。
link-account = { $account } としてサインインしてください
link-same = 以前と同じアカウントを使ってください。別のアカウントは受け付けられません。
link-opening = 開いています
link-closed-title = このウィンドウは閉じてかまいません
link-closed = 続きは { $app } で行ってください。
link-used-title = 完了しています
link-used = すでに再接続されています。何もする必要はありません。
link-over-title = このリンクはもう使えません
link-expired = このリンクの有効期限が切れました。送信元のアプリを開いて、そこで再接続してください。
link-deleted = このリンクの接続は削除されました。送信元のアプリを開いて、そこで接続してください。
link-incomplete-title = このリンクは不完全です
link-connect-title = { $service } を { $app } に連携
link-connect-any-title = アカウントを { $app } に連携
link-manage-title = { $app } との連携
link-invited = { $inviter } さんが、{ $service } を { $app } に連携するよう依頼しています。
link-invited-any = { $inviter } さんが、アカウントを { $app } に連携するよう依頼しています。
link-asked = { $app } が { $service } の連携を依頼しています。
link-asked-any = { $app } がアカウントの連携を依頼しています。
link-reconnect = { $app } が { $service } アカウントの再連携を依頼しています。
link-of = { $owner } の連携
link-not-you = 心当たりがない場合は、先に進まずにこのページを閉じてください。
link-once = このリンクは1回だけ使えます。
link-manage-lead = { $app } が利用できるアカウントを確認し、再連携や解除ができます。
link-continue = { $service } に進む
link-used-once = このリンクは使用済みです。アカウントは連携されています。必要な操作はありません。
link-revoked = このリンクは取り消されました。送信者に新しいリンクを依頼してください。
link-ended = このリンクは期限切れです。送信者に新しいリンクを依頼してください。
link-back = { $app } に戻る
link-close = このウィンドウを閉じる
link-incomplete = リンクの一部が欠けています。届いたままの形ですべて開くか、送信元のアプリに移動してください。

## One's own connections, in the modal and by a link

manage-title = あなたの連携
manage-lead = { $app } はこれらのアカウントを利用できます。
manage-lead-owner = { $app } は { $owner } のためにこれらのアカウントを利用できます。
manage-loading = 連携を読み込んでいます
manage-since = 連携日：{ $date }
manage-used = 最終利用日：{ $date }
manage-unused = まだ利用されていません
manage-state-operational = 正常に動作しています
manage-state-degraded = 動作しています。現在更新に失敗しており、再試行されます。
manage-state-failed = 動作していません。再連携してください。
manage-state-unknown = まだ確認されていません
manage-state-off = { $app } により停止中
manage-reconnect = 再連携
manage-disconnect = 解除
manage-disconnect-button = { $service } の連携を解除
manage-more = さらに表示
manage-empty-title = まだ連携がありません
manage-empty = { $app } はあなたのどのアカウントにもアクセスできません。
manage-confirm-title = { $service } の連携を解除しますか？
manage-confirm = 以後、{ $app } はこの { $service } アカウントを利用できません。{ $app } がすでに読み取った内容は残ります。
manage-ending-revoked = { $service } にもアクセスの終了を依頼します。
manage-ending-kept = ここから { $service } にアクセスの終了を依頼することはできません。{ $service } のアカウント設定でも { $app } を削除してください。
manage-ending-shared = 別の連携が使用しているため、{ $service } のアクセスは残ります。最後の連携とともに終了します。
manage-ending-key = キーは、{ $service } で削除するまで有効なままです。
manage-disconnecting = 解除しています
manage-keep = { $service } の連携を残す
manage-done-title = { $service } の連携を解除しました
manage-done-text = { $app } はこの { $service } アカウントを利用できなくなりました。
manage-done-pending = { $service } にアクセスの終了を依頼しています。
manage-done-failed = { $service } にアクセスの終了を依頼できませんでした。アカウント設定で { $app } を削除してください。
manage-back = 連携を見る
manage-gone-title = { $service } はすでに解除されています
manage-gone = この連携は、その間に別の場所で解除されました。これ以上の操作は不要です。

problem-access-denied = { $service } は接続されませんでした。アクセスが許可されていません。
problem-account-changed = 以前に接続した { $service } アカウントとは別のアカウントです。以前のアカウントでサインインするか、新しい接続を作成してください。
problem-account-unknown = { $service } からアカウントの情報を得られなかったため、接続は元のままです。1 分後にもう一度お試しください。
problem-address-unreachable = 入力されたアドレスで { $service } に接続できませんでした。アドレスを確認して、もう一度お試しください。
problem-app-broken = { $service } がこのアプリの設定を拒否しました。アプリの運営者が確認する必要があります。
problem-app-refused = { $service } がこのアプリのアクセスの求め方を拒否しました。アプリの運営者が設定を確認する必要があります。
problem-cannot-confirm = { $service } はコードで接続しますが、このアプリはサインインした人を確認します。コードではそれを示せません。アプリの運営者が変更できます。
problem-cannot-widen = ここからは残りを許可できません。アプリで { $service } を再接続してください。
problem-choices-refused = このアカウントで利用できるものを { $service } から取得できませんでした。別のアカウントでサインインするか、{ $service } の管理者にアクセスを依頼してください。
problem-choices-unexpected = { $service } から想定外の応答がありました。アプリの運営者が確認する必要があります。
problem-code-expired = { $service } はこのサインインを受け付けなくなりました。もう一度始めてください。
problem-credential-refused = { $service } に拒否されました。入力内容を確認して、もう一度お試しください。
problem-expired = サインインに時間がかかりすぎました。もう一度始めてください。
problem-field-errors = 確認が必要な項目があります。
problem-flow-expired = このサインインは時間がかかりすぎたため終了しました。アプリからもう一度始めてください。
problem-integration-changed = { $service } のサインイン方法が変更されました。アプリからもう一度始めてください。
problem-integration-not-offered = { $service } はここでは接続できません。アプリの運営者が有効にできます。
problem-interrupted = { $service } へのサインインが中断されました。もう一度お試しください。
problem-link-revoked = リンクは取り消されました。何も連携されていません。
problem-issuer-mismatch = { $service } からの応答ではありませんでした。もう一度始めてください。繰り返す場合は、アプリの運営者にお知らせください。
problem-less-access = 今回 { $service } で許可された範囲が以前より少ないため、接続は元のままです。すべてのチェックを入れたまま、もう一度お試しください。
problem-login-required = 先に { $service } へのサインインが必要です。もう一度お試しください。
problem-no-verify-url = アプリにサインインを確認するアドレスがありません。アプリの運営者が設定できます。
problem-not-me = 自分のサインインではないという回答がありました。何も接続されていません。
problem-nothing-to-choose = このアカウントで利用できるものが { $service } にありません。別のアカウントでサインインするか、{ $service } の管理者にアクセスを依頼してください。
problem-provider-refused = { $service } がサインインを拒否しました。
problem-provider-unavailable = { $service } から想定どおりの応答がありませんでした。数分後にもう一度お試しください。
problem-session-expired = 接続セッションが終了しました。もう一度始めてください。
problem-session-used = このセッションではすでに接続が作成されています。アプリからもう一度始めてください。
problem-wrong-code = コードが違います。最初のウィンドウを確認して、もう一度お試しください。
problem-manage-not-allowed = ここでは接続を管理できません。元のアプリをお使いください。
problem-other-project = これはこのアドレスのものではありません。アプリからやり直してください。
problem-too-many-reconnects = 1 時間以内に再接続の回数が多すぎました。しばらく待ってから、もう一度お試しください。
problem-too-many-flows = このウィンドウから開始したサインインが多すぎます。閉じて、アプリからもう一度始めてください。

page-embed-title = 接続
page-embed-unknown-title = このアドレスは使われていません
page-embed-unknown-text = このサーバーのどのアプリも、ここに接続ウィンドウを持っていません。アプリに戻ってください。正しいアドレスは、アプリの管理者がコンソールの Embed で確認できます。
page-embed-later-text = 現在このウィンドウを開けません。自動的に再試行します。
page-choose-title = 接続するものを選択
page-no-script = このページには JavaScript が必要です。許可してから再読み込みしてください。
page-frame-no-script = このウィンドウには JavaScript が必要です。許可してから再読み込みしてください。

page-start-title = サインイン画面を開いています
page-start-text = しばらくお待ちください。
page-start-framed-title = このページは専用のウィンドウで開きます
page-start-framed-text = 別のページの中には表示できません。アプリに戻って、もう一度始めてください。

page-confirm-window-title = { $service } を { $app } に接続
page-confirm-title = ご自身のサインインですか？
page-confirm-lead = { $app } が { $service } の接続を求めています。
page-confirm-owner = 所有者
page-confirm-origin = 移動元
page-confirm-started = 開始
page-confirm-code = 最初のウィンドウのコード
page-confirm-hint = 今 { $app } で開始したものでなければ、「自分ではありません」を選んでください。
page-confirm-continue = { $service } に進む
page-confirm-refuse = 自分ではありません
page-confirm-nothing-title = 確認するものはありません
page-confirm-nothing-text = このサインインは終了したか、別のブラウザで開始されました。アプリに戻って、もう一度始めてください。

page-done-account = アカウント
page-done-app = アプリ
page-done-success-title = { $service } を接続しました
page-done-success-text = { $app } は自動的に進みます。
page-done-failure-title = { $service } は接続されていません
page-done-failure-text = 途中で問題が発生しました。何も保存されていません。アプリからもう一度始めてください。
page-done-cancelled-title = 何も接続されていません
page-done-cancelled-text = サインインは中止されました。{ $app } はアクセスできません。
page-done-verifying-title = あと 1 ステップです
page-done-verifying-text = { $app } によるご本人の確認が必要です。
page-done-pending-title = { $service } はまだ接続されていません
page-done-pending-text = サインインは進行中です。開いているウィンドウで完了すると、このページに結果が表示されます。そのウィンドウがない場合は、{ $app } でもう一度始めてください。
page-done-neutral-title = このサインインは終了しました
page-done-neutral-text = 結果は、開始したアプリに表示されます。
page-done-back = { $app } に戻る

page-callback-no-app-title = このアドレスは使われていません
page-callback-no-app-text = サービスに登録されたリダイレクト先は、このサーバーのどのアプリのものでもありません。アプリの管理者が `latchkey apps list` と照らし合わせてください。
page-callback-incomplete-title = このアドレスは不完全です
page-callback-incomplete-text = アプリに戻って、サインインをもう一度始めてください。
page-callback-later-title = しばらくお待ちください
page-callback-later-text = 現在サインインを完了できません。このページは自動的に再試行します。
page-callback-put-back-text = 現在 { $service } へのサインインを完了できません。失われたものはありません。このページは自動的に再試行します。
page-callback-failed-title = こちら側で問題が発生しました
page-callback-failed-text = アプリに戻って、サインインをもう一度始めてください。
page-callback-unknown-title = このサインインは見つかりません
page-callback-unknown-text = アプリに戻って、サインインをもう一度始めてください。
page-callback-other-browser-title = 別のブラウザで開始されたサインインです
page-callback-other-browser-text = 何も接続されていません。アプリをお使いのブラウザで、アプリに戻ってもう一度始めてください。
page-callback-over-title = このサインインは終了しました
page-callback-over-text = 時間がかかりすぎたか、閉じられました。アプリに戻って、もう一度始めてください。
