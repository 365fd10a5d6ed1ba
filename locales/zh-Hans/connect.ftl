brand-secured = 由 Latchkey 提供保护
brand-test = 测试
brand-close = 关闭
brand-back = 返回
brand-reference = 参考编号
brand-fallback-app = 此应用
brand-fallback-service = 该服务
brand-keeper = Latchkey
brand-copy-reference = 复制参考编号 { $reference }
brand-copy-text = 复制此文字
brand-copied = 已复制
brand-privacy = 隐私政策
brand-terms = 使用条款

offline-title = 您已离线
offline-text = 您已离线。恢复连接后会自动继续。

loading-title = 正在加载
loading-token = 正在向 { $app } 请求连接许可
loading-session = 正在加载服务
loading-form = 正在加载 { $service }
loading-slow = 所需时间比平时长。
loading-give-up = 关闭

pick-title = 连接服务
pick-lead = 选择 { $app } 可以使用的服务。
pick-search = 搜索服务
pick-all = 全部
pick-own = 您的连接（{ $count }）
pick-connected = 已连接
pick-connected-count = 已连接 { $count } 个
pick-none = 没有与“{ $query }”匹配的结果。
pick-clear = 清除搜索
pick-results = { $count } 项服务
pick-list = 服务
pick-categories = 类别

category-accounting = 会计
category-ai = 人工智能
category-analytics = 分析
category-calendar = 日历
category-chat = 聊天
category-communication = 沟通
category-crm = CRM
category-development = 开发
category-email = 邮件
category-files = 文件
category-hr = 人力资源
category-identity = 身份
category-marketing = 营销
category-payments = 支付
category-productivity = 效率
category-sales = 销售
category-support = 客户支持

empty-title = 暂无可连接的服务
empty-text =
    { $environment ->
        [test] { $app } 尚未在测试环境中启用任何服务。{ $app } 的管理者可以添加。
       *[other] { $app } 尚未启用任何服务。{ $app } 的管理者可以添加。
    }

explain-title = 连接 { $service }
explain-reconnect-title = 重新连接 { $service }
explain-reconnect-reason = 与 { $service } 的连接已失效。
explain-reconnect-refused = { $service } 不再接受此连接。
explain-reconnect-keeps = 重新连接后，{ $app } 会从中断处继续。
explain-account = 请使用与之前相同的 { $service } 账号：{ $account }。其他账号会被拒绝。
explain-permission = 使用权限“{ $scope }”
explain-keeps = { $keeper } 会加密保存访问权限，并仅用于 { $app }。您可以在 { $service } 的设置中终止访问。
explain-keeps-unnamed = 访问权限会加密保存，并仅用于 { $app }。您可以在 { $service } 的设置中终止访问。
explain-lead = { $app } 请求使用您的 { $service } 账号。
explain-access = { $app } 将可以
explain-owner = 此连接将归属于 { $owner }
explain-promise = { $service } 会在单独的窗口中打开。{ $app } 无法看到您的密码。
explain-promise-same-tab = { $service } 会在此标签页中打开，完成后返回这里。{ $app } 无法看到您的密码。
explain-promise-code = 您在 { $service } 的页面上输入验证码。{ $app } 无法看到您的密码。
explain-key-promise = 加密保存，并仅用于 { $app }。
explain-button = 连接 { $service }
explain-reconnect-button = 重新连接 { $service }
explain-docs = 这些权限的含义
explain-policies = { $app } 如何处理您的数据：
explain-other = 其他方式：{ $method }

form-name = 此连接的名称
form-name-help = 用于区分不同账号，可以留空。
form-optional = 选填
form-find-short = 在哪里可以找到？
form-reveal = 显示
form-conceal = 隐藏
form-reveal-label = 显示 { $label }
form-conceal-label = 隐藏 { $label }
form-required = 请填写 { $label }。
form-pattern = 这看起来不像“{ $label }”。请检查是否已完整复制。
form-characters = “{ $label }”中有无法发送的字符。请重新复制。
form-choose = 请选择
form-other = 其他地址
form-checking = 正在与 { $service } 核对
form-refused = { $service } 拒绝了此内容。请检查后重试。
form-stop = 停止等待

waiting-title = 请在 { $service } 窗口中继续
waiting-text = 请在该窗口中登录 { $service }。此页面会自动继续。
waiting-closed = 已关闭 { $service } 窗口？
waiting-no-window = 没有看到窗口？
waiting-reopen = 重新打开
waiting-cancel = 取消
waiting-other = 使用其他方式
waiting-code-title = 请在另一个窗口中输入此验证码
waiting-code-text = 用于确认两个窗口都属于您。
waiting-code-label = 验证码是 { $code }

code-title = 请在 { $service } 输入此验证码
code-text = 打开 { $service } 的页面，确认页面显示此验证码，或在那里输入。此页面会自动继续。
code-open = 打开 { $service } 的页面
code-copy = 复制验证码
code-copied = 已复制
code-elsewhere = 在其他设备上请访问 { $address }
code-left = 剩余时间：{ $time }
code-minute = 验证码还有一分钟有效。

redirecting-title = 正在前往 { $service }
redirecting-text = 登录后会返回这里。
redirecting-stuck-title = 此页面没有跳转
redirecting-stuck-text = 请重新加载页面后再试，或在此继续。
redirecting-here = 在此标签页中继续

verifying-title = 正在完成与 { $service } 的连接
verifying-text = 请稍候。
verifying-customer-title = { $app } 正在确认您的身份
verifying-customer-text = 请在另一个窗口中完成操作。此页面会自动继续。

choose-title = 选择要连接的对象
choose-lead = 您的 { $service } 登录可以访问多个账号或工作区。请选择 { $app } 要使用的一个。
choose-list = 可选择的对象
choose-search = 搜索
choose-results = { $count } 项
choose-changed = 之前连接的对象已不在其中。请选择其他对象，或者取消，取消后一切不变。
choose-unsent = 操作未能完成。请重新选择。
choose-elsewhere-title = 请在 { $service } 窗口中选择
choose-elsewhere-text = 您的登录可以访问多个账号或工作区。请在该窗口中选择，此页面会自动继续。

success-title = 已连接 { $service }
success-again-title = 已重新连接 { $service }
success-text = { $app } 现在可以使用它了。
success-text-owner = { $app } 现在可以为 { $owner } 使用它了。
success-generic-title = 您的账号已连接
success-done = 完成
success-another = 连接其他服务

partial-title = { $app } 获得的权限少于其请求。它将无法：
partial-text = 如果 { $app } 中有功能无法使用，请重新连接 { $service }，并保持所有选项勾选。
partial-rest = 允许其余权限
partial-rest-text = 您可以现在允许其余权限。已经可用的不受影响。

kept-title = { $service } 保持不变
kept-text = 没有取消任何权限：{ $app } 可以像以前一样使用 { $service }。

connected-title = { $service } 已经连接
connected-text = { $app } 可以使用它。
connected-text-owner = { $app } 可以为 { $owner } 使用它。
connected-accounts = 已连接的账号
connected-more = 另有 { $count } 个
connected-keep = 保持不变
connected-another = 连接其他 { $service } 账号

approval-title = { $service } 需要管理员批准
approval-text = 您的组织在那里决定哪些应用可以连接。请让 { $service } 的管理员批准 { $app }，然后重试。
approval-said = { $service } 的消息：“{ $said }”
approval-request = 我想将 { $service } 连接到 { $app }。{ $service } 要求先由管理员批准：请在 { $service } 的应用设置中允许 { $app }，然后告诉我。

account-title = 这是另一个账号
account-changed = 没有任何更改：连接仍使用原来的账号。
account-known = 请以 { $account } 登录 { $service }。
account-unnamed = 请使用之前的账号登录 { $service }。
account-unknown = { $service } 没有说明这是哪个账号，因此连接保持不变。请一分钟后重试。
account-again = 重新连接 { $service }

webview-title = { $service } 可能无法在此打开
webview-text = 这是其他应用内置的浏览器，许多服务不允许在此登录。请在您自己的浏览器中打开 { $app }，并在那里连接 { $service }。
webview-open = 在浏览器中打开
webview-copy = 复制地址
webview-copied = 已复制
webview-anyway = 在此尝试

failure-title = 未能连接 { $service }
failure-generic-title = 账号未连接
failure-retry = 重试
failure-list = 选择其他服务
failure-close = 关闭
failure-token-title = 连接未能开始
failure-token = { $app } 的响应不符合预期。请重试。如果问题仍然存在，{ $app } 的管理者可以解决，请向其出示以下内容：
failure-generic = 过程中出现问题。没有保存任何内容。请重试。
failure-network = 没有响应。请检查您的网络连接后重试。
failure-server-title = 目前无法使用
failure-server = 问题出在我们这边，没有保存任何内容。请一分钟后重试。
failure-provider-title = { $service } 没有响应
failure-provider = 没有保存任何内容。{ $service } 可能暂时不可用，请一分钟后重试。
failure-denied = 您没有在 { $service } 允许访问，因此 { $app } 没有访问权限。如果这不是您的本意，请重试并选择允许。
failure-final = { $service } 不接受 { $app } 请求访问的方式，重试也无济于事。{ $app } 的管理者可以解决，请向其出示以下内容：
failure-timed-out = 登录未在规定时间内完成。未进行连接。
failure-embedder-title = 此页面不能在这里打开
failure-embedder = { $origin } 不在允许显示此页面的地址列表中。该网站的管理者可以在 Latchkey 中将其添加到项目的来源列表。
failure-no-embedder-title = 外层页面没有响应
failure-no-embedder = 请重新加载页面后再试。如果问题仍然存在，页面的管理者需要检查打开 Latchkey 的方式。

expired-title = 已超时
expired-text = 为了安全，登录只在短时间内有效。未进行连接。准备好后请重新开始。
expired-again = 重新开始

cancelled-title = 未进行任何连接
cancelled-text = 您在连接 { $service } 之前停止了操作。{ $app } 无权访问。
cancelled-again = 连接 { $service }

rejected-title = 此次登录被拒绝
rejected-text = 有人在另一个窗口中表示此次登录不是本人操作。未进行连接，也无需其他操作。
rejected-another = 完成登录的人与 { $app } 在此识别的人不同。未进行连接。请以您本人的身份登录 { $app }，并在那里重新开始。

blocked-title = 浏览器没有打开窗口
blocked-text = 请自行打开 { $service } 登录页面。
blocked-open = 打开登录窗口
blocked-here = 在此标签页中继续

ways-title = 其他登录方式
ways-text = 选择在哪里打开 { $service }。之前的窗口已失效。

reload-title = 请重新加载此页面以继续
reload-text = 您使用浏览器的后退按钮返回，此窗口已无法继续。未进行连接。

check-title = 正在完成连接
check-text = 请稍候。
check-unfinished-title = 登录尚未完成
check-unfinished-text = 请关闭此窗口并重新开始。如果您已完成登录，请稍候，此页面会自动继续。

inside-title = 此页面在应用内打开
inside-text = 此页面是另一个产品的一部分，只能在其中使用。请返回将您带到这里的应用并重新开始。

token-missing = 未设置令牌端点：请将其地址传给嵌入脚本。
token-relative = 令牌端点的地址必须是以 https:// 开头的绝对地址。
token-unreachable = 无法访问 { $host } 的令牌端点，或其不允许此页面（CORS）。
token-timed-out = { $host } 的令牌端点在 20 秒内没有响应。
token-not-json = { $host } 的令牌端点返回了 { $status }，内容不是 JSON。
token-empty = { $host } 的令牌端点返回了空响应。
token-unknown = { $host } 的令牌端点返回了 { $status }，其中没有会话。
token-no-session = 令牌端点的响应中没有请求 ID。
token-timed-out-port = 页面在 20 秒内没有提供令牌。

start-resume-title = 继续登录
start-resume-button = 继续前往 { $service }
start-nothing-title = 这里没有可继续的操作
start-nothing = 此窗口中没有正在进行的登录。请关闭窗口，并在应用中重新开始。
start-unknown-title = 找不到此次登录
start-unknown = 请关闭此窗口，并在应用中重新开始。
start-spent-title = 此次登录已被打开
start-spent = 每次登录只能打开一次。请查找另一个窗口，或在应用中重新开始。
start-foreign-title = 请从应用中打开
start-foreign = 此地址只有由应用打开时才有效。如果是他人发送给您的，请不要继续。
start-return-title = 返回地址不被允许
start-return-text = 应用的地址不在其项目的列表中。应用的管理者可以在 Latchkey 中添加。
start-expired-title = 已超时
start-expired = 请关闭此窗口，并在应用中重新开始。
start-failed-title = 未能打开登录页面
start-failed = 目前无法访问 Latchkey。请关闭此窗口，并在应用中重试。
start-close = 关闭此窗口
start-may-close = 您可以关闭此窗口。

confirm-wrong-code = 验证码不正确。请查看第一个窗口后重试。
confirm-empty-code = 请输入第一个窗口中显示的验证码。
confirm-rejected-title = 已停止
confirm-rejected = 未进行任何连接。如果不是您发起的，无需进行其他操作。
confirm-gone-title = 此次登录已结束
confirm-gone = 请关闭此窗口，并在应用中重新开始。
confirm-failed = 目前无法访问 Latchkey。请重试。

link-loading = 正在读取链接
link-title = 重新连接 { $service }
link-failed = { $app } 无法再使用您的 { $service } 账户。
link-expiring = { $app } 对您的 { $service } 账户的访问权限即将到期。
link-account = 请在那里以 { $account } 的身份登录
link-same = 请使用与之前相同的账户。其他账户会被拒绝。
link-opening = 正在打开
link-closed-title = 您可以关闭此窗口
link-closed = 接下来请在 { $app } 中操作。
link-used-title = 已完成
link-used = 已经重新连接。您无需再做什么。
link-over-title = 此链接已失效
link-expired = 此链接已过期。请打开发送它的应用，在那里重新连接。
link-deleted = 此链接对应的连接已被删除。请打开发送它的应用，在那里连接。
link-incomplete-title = 此链接不完整
link-connect-title = 将 { $service } 连接到 { $app }
link-connect-any-title = 将您的账号连接到 { $app }
link-manage-title = 您与 { $app } 的连接
link-invited = { $inviter } 请您将 { $service } 连接到 { $app }。
link-invited-any = { $inviter } 请您将账号连接到 { $app }。
link-asked = { $app } 请您连接 { $service }。
link-asked-any = { $app } 请您连接账号。
link-reconnect = { $app } 请您重新连接您的 { $service } 账号。
link-of = { $owner } 的连接
link-not-you = 如果这不是您，请不要继续：关闭此页面。
link-once = 此链接只能使用一次。
link-manage-lead = 查看 { $app } 可以使用您的哪些账号，重新连接或断开它们。
link-continue = 继续前往 { $service }
link-used-once = 此链接已使用：账号已连接。无需任何操作。
link-revoked = 此链接已被撤回。请向发送者索取新链接。
link-ended = 此链接已过期。请向发送者索取新链接。
link-back = 返回 { $app }
link-close = 关闭此窗口
link-incomplete = 链接缺少一部分。请按收到的样子完整打开，或前往发送它的应用。

## One's own connections, in the modal and by a link

manage-title = 您的连接
manage-lead = { $app } 可以使用这些账号。
manage-lead-owner = { $app } 可以为 { $owner } 使用这些账号。
manage-loading = 正在读取您的连接
manage-since = 连接于 { $date }
manage-used = 上次使用于 { $date }
manage-unused = 尚未使用
manage-state-operational = 正常
manage-state-degraded = 正常。目前续期失败，将会重试。
manage-state-failed = 不再可用。请重新连接。
manage-state-unknown = 尚未验证
manage-state-off = 已被 { $app } 关闭
manage-reconnect = 重新连接
manage-disconnect = 断开
manage-disconnect-button = 断开 { $service }
manage-more = 显示更多
manage-empty-title = 还没有连接
manage-empty = { $app } 无法访问您的任何账号。
manage-confirm-title = 断开 { $service }？
manage-confirm = 此后 { $app } 将无法再使用此 { $service } 账号。{ $app } 之前读取的内容仍会保留。
manage-ending-revoked = 也会请求 { $service } 结束访问权限。
manage-ending-kept = 无法从这里请求 { $service } 结束访问权限。请同时在您在那里的账号设置中移除 { $app }。
manage-ending-shared = 另一个连接仍在使用 { $service } 的访问权限，因此它会保留，并随最后一个连接一起结束。
manage-ending-key = 在您于 { $service } 删除该密钥之前，它仍然有效。
manage-disconnecting = 正在断开
manage-keep = 保留 { $service }
manage-done-title = { $service } 已断开
manage-done-text = { $app } 无法再使用此 { $service } 账号。
manage-done-pending = 正在请求 { $service } 结束访问权限。
manage-done-failed = 无法请求 { $service } 结束访问权限。请在您在那里的账号设置中移除 { $app }。
manage-back = 查看您的连接
manage-gone-title = { $service } 已经断开
manage-gone = 此连接已在别处断开，无需其他操作。

problem-access-denied = 未连接 { $service }：访问未获允许。
problem-account-changed = 这不是之前连接的 { $service } 账号。请使用之前的账号登录，或新建一个连接。
problem-account-unknown = { $service } 没有说明这是哪个账号，因此连接保持不变。请一分钟后重试。
problem-address-unreachable = 无法通过输入的地址访问 { $service }。请检查地址后重试。
problem-app-broken = { $service } 拒绝了此应用的设置。应用的管理者需要检查。
problem-app-refused = { $service } 拒绝了此应用请求访问的方式。应用的管理者需要检查那里的设置。
problem-cannot-confirm = { $service } 通过验证码连接，而此应用要确认登录者的身份，验证码无法证明这一点。应用的管理者可以更改。
problem-cannot-widen = 无法在此允许其余权限。请在应用中重新连接 { $service }。
problem-choices-refused = { $service } 没有说明此账号可以使用什么。请使用其他账号登录，或请 { $service } 的管理者为您开通访问权限。
problem-choices-unexpected = { $service } 的响应超出预期。应用的管理者需要检查。
problem-code-expired = { $service } 不再接受此次登录。请重新开始。
problem-credential-refused = { $service } 拒绝了这些内容。请检查后重试。
problem-expired = 登录用时过长。请重新开始。
problem-field-errors = 有些内容需要检查。
problem-flow-expired = 此次登录用时过长，已结束。请在应用中重新开始。
problem-integration-changed = { $service } 的登录方式已更改。请在应用中重新开始。
problem-integration-not-offered = 此处无法连接 { $service }。应用的管理者可以启用它。
problem-interrupted = { $service } 的登录被中断。请重试。
problem-link-revoked = 链接已被撤回。没有连接任何账号。
problem-issuer-mismatch = 响应并非来自 { $service }。请重新开始；如果再次出现，请告知应用的管理者。
problem-less-access = { $service } 这次授予的权限少于之前，因此连接保持不变。请重试，并保持所有选项勾选。
problem-login-required = 需要先登录 { $service }。请重试。
problem-no-verify-url = 应用没有用于确认登录的地址。应用的管理者可以设置。
problem-not-me = 有人表示此次登录不是本人操作。未进行连接。
problem-nothing-to-choose = 此账号在 { $service } 没有可用的对象。请使用其他账号登录，或请 { $service } 的管理者为您开通访问权限。
problem-provider-refused = { $service } 拒绝了登录。
problem-provider-unavailable = { $service } 没有按预期响应。请几分钟后重试。
problem-session-expired = 连接会话已结束。请重新开始。
problem-session-used = 此会话已创建过连接。请在应用中重新开始。
problem-wrong-code = 验证码不正确。请查看第一个窗口后重试。
problem-manage-not-allowed = 此处无法管理连接。请使用您来自的应用。
problem-other-project = 这不属于此网址。请在应用中重新开始。
problem-too-many-reconnects = 一小时内重新连接的次数过多。请稍等片刻再试。
problem-too-many-flows = 从此窗口发起的登录过多。请关闭窗口，并在应用中重新开始。

page-embed-title = 连接
page-embed-unknown-title = 此地址未被使用
page-embed-unknown-text = 此服务器上没有任何应用在此处提供连接窗口。请返回应用；应用的管理者可在控制台的 Embed 页面找到正确的地址。
page-embed-later-text = 目前无法打开此窗口。它会自动重试。
page-choose-title = 选择要连接的对象
page-no-script = 此页面需要 JavaScript。请为此页面启用后重新加载。
page-frame-no-script = 此窗口需要 JavaScript。请为此页面启用后重新加载。

page-start-title = 正在打开登录页面
page-start-text = 请稍候。
page-start-framed-title = 此页面在单独的窗口中打开
page-start-framed-text = 它不能显示在其他页面中。请返回应用并重新开始。

page-confirm-window-title = 将 { $service } 连接到 { $app }
page-confirm-title = 这是您本人的登录吗？
page-confirm-lead = { $app } 请求连接 { $service }。
page-confirm-owner = 归属于
page-confirm-origin = 来自
page-confirm-started = 开始时间
page-confirm-code = 第一个窗口中的验证码
page-confirm-hint = 如果这不是您刚刚在 { $app } 中发起的，请选择“不是我”。
page-confirm-continue = 继续前往 { $service }
page-confirm-refuse = 不是我
page-confirm-nothing-title = 这里没有需要确认的内容
page-confirm-nothing-text = 此次登录已结束，或是在其他浏览器中发起的。请返回应用并重新开始。

page-done-account = 账号
page-done-app = 应用
page-done-success-title = 已连接 { $service }
page-done-success-text = { $app } 会自动继续。
page-done-failure-title = 未能连接 { $service }
page-done-failure-text = 过程中出现问题。没有保存任何内容。请在应用中重新开始。
page-done-cancelled-title = 未进行任何连接
page-done-cancelled-text = 登录已停止。{ $app } 无权访问。
page-done-verifying-title = 还差一步
page-done-verifying-text = { $app } 需要确认是您本人操作。
page-done-pending-title = 尚未连接 { $service }
page-done-pending-text = 登录仍在进行。请在已打开的窗口中完成，之后此页面会显示结果。如果该窗口已不存在，请在 { $app } 中重新开始。
page-done-neutral-title = 此次登录已结束
page-done-neutral-text = 结果会显示在发起登录的应用中。
page-done-back = 返回 { $app }

page-callback-no-app-title = 此地址未被使用
page-callback-no-app-text = 服务处登记的重定向地址不属于此服务器上的任何应用。应用的管理者可将其与 `latchkey apps list` 核对。
page-callback-incomplete-title = 此地址不完整
page-callback-incomplete-text = 请返回应用，并重新开始登录。
page-callback-later-title = 请稍候
page-callback-later-text = 目前无法完成登录。此页面会自动重试。
page-callback-put-back-text = 目前无法完成 { $service } 的登录。没有丢失任何内容，此页面会自动重试。
page-callback-failed-title = 我们这边出现了问题
page-callback-failed-text = 请返回应用，并重新开始登录。
page-callback-unknown-title = 找不到此次登录
page-callback-unknown-text = 请返回应用，并重新开始登录。
page-callback-other-browser-title = 此次登录是在其他浏览器中发起的
page-callback-other-browser-text = 未进行任何连接。请在您使用该应用的浏览器中返回应用，并重新开始。
page-callback-over-title = 此次登录已结束
page-callback-over-text = 用时过长或已被关闭。请返回应用并重新开始。
