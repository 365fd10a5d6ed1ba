brand-secured = Latchkey로 보호됨
brand-test = 테스트
brand-close = 닫기
brand-back = 뒤로
brand-reference = 참조 번호
brand-fallback-app = 이 앱
brand-fallback-service = 서비스
brand-keeper = Latchkey
brand-copy-reference = 참조 번호 { $reference } 복사
brand-copy-text = 이 글 복사
brand-copied = 복사됨
brand-privacy = 개인정보 처리방침
brand-terms = 이용 약관

offline-title = 오프라인 상태입니다
offline-text = 오프라인 상태입니다. 연결되면 계속 진행됩니다.

loading-title = 불러오는 중
loading-token = { $app }에 연결 권한을 요청하는 중
loading-session = 서비스를 불러오는 중
loading-form = { $service } 불러오는 중
loading-slow = 평소보다 오래 걸리고 있습니다.
loading-give-up = 닫기

pick-title = 서비스 연결
pick-lead = { $app }에서 사용할 서비스를 선택하세요.
pick-search = 서비스 검색
pick-all = 전체
pick-own = 내 연결({ $count })
pick-connected = 연결됨
pick-connected-count = { $count }개 연결됨
pick-none = ‘{ $query }’ 검색 결과가 없습니다.
pick-clear = 검색 지우기
pick-results = 서비스 { $count }개
pick-list = 서비스
pick-categories = 카테고리

category-accounting = 회계
category-ai = AI
category-analytics = 분석
category-calendar = 캘린더
category-chat = 채팅
category-communication = 커뮤니케이션
category-crm = CRM
category-development = 개발
category-email = 이메일
category-files = 파일
category-hr = 인사
category-identity = 신원 관리
category-marketing = 마케팅
category-payments = 결제
category-productivity = 생산성
category-sales = 영업
category-support = 고객 지원

empty-title = 아직 연결할 서비스가 없습니다
empty-text =
    { $environment ->
        [test] { $app }의 테스트 환경에 사용 설정된 서비스가 없습니다. { $app } 운영자가 추가할 수 있습니다.
       *[other] { $app }에 사용 설정된 서비스가 없습니다. { $app } 운영자가 추가할 수 있습니다.
    }

explain-title = { $service } 연결
explain-reconnect-title = { $service } 다시 연결
explain-reconnect-reason = { $service } 연결이 더 이상 작동하지 않습니다.
explain-reconnect-refused = { $service }에서 이 연결을 더 이상 받아들이지 않습니다.
explain-reconnect-keeps = 다시 연결하면 { $app }에서 중단된 곳부터 이어집니다.
explain-account = 이전과 같은 { $service } 계정({ $account })을 사용하세요. 다른 계정은 거부됩니다.
explain-permission = ‘{ $scope }’ 권한 사용
explain-keeps = { $keeper }에서 액세스 권한을 암호화하여 보관하고 { $app }에만 사용합니다. { $service } 설정에서 종료할 수 있습니다.
explain-keeps-unnamed = 액세스 권한은 암호화하여 보관되며 { $app }에만 사용됩니다. { $service } 설정에서 종료할 수 있습니다.
explain-lead = { $app }에서 내 { $service } 계정을 사용하려고 합니다.
explain-access = { $app }에서 할 수 있는 일
explain-owner = 이 연결의 소유자: { $owner }
explain-promise = { $service } 로그인은 별도 창에서 열립니다. { $app }에는 비밀번호가 전달되지 않습니다.
explain-promise-same-tab = { $service } 로그인은 이 탭에서 열리고, 끝나면 여기로 돌아옵니다. { $app }에는 비밀번호가 전달되지 않습니다.
explain-promise-code = { $service } 페이지에서 코드를 입력합니다. { $app }에는 비밀번호가 전달되지 않습니다.
explain-key-promise = 암호화하여 저장하며 { $app }에만 사용합니다.
explain-button = { $service } 연결
explain-reconnect-button = { $service } 다시 연결
explain-docs = 권한에 대한 설명
explain-policies = { $app }에서 데이터를 다루는 방법:
explain-other = 다른 방법: { $method }

form-name = 이 연결의 이름
form-name-help = 여러 계정을 구분하기 위한 이름입니다. 비워 두어도 됩니다.
form-optional = 선택 사항
form-find-short = 어디에서 찾을 수 있나요?
form-reveal = 표시
form-conceal = 숨기기
form-reveal-label = { $label } 표시
form-conceal-label = { $label } 숨기기
form-required = 필수 항목입니다: { $label }.
form-pattern = ‘{ $label }’ 형식이 아닌 것 같습니다. 전체를 복사했는지 확인하세요.
form-characters = ‘{ $label }’에 보낼 수 없는 문자가 있습니다. 다시 복사하세요.
form-choose = 선택하세요
form-other = 다른 주소
form-checking = { $service }에서 확인하는 중
form-refused = { $service }에서 거부했습니다. 내용을 확인하고 다시 시도하세요.
form-stop = 그만 기다리기

waiting-title = { $service } 창에서 계속하세요
waiting-text = 해당 창에서 { $service }에 로그인하세요. 이 페이지는 자동으로 넘어갑니다.
waiting-closed = { $service } 창을 닫으셨나요?
waiting-no-window = 창이 보이지 않나요?
waiting-reopen = 다시 열기
waiting-cancel = 취소
waiting-other = 다른 방법 사용
waiting-code-title = 다른 창에 이 코드를 입력하세요
waiting-code-text = 두 창이 모두 본인의 것임을 확인합니다.
waiting-code-label = 코드: { $code }

code-title = { $service }에서 이 코드를 입력하세요
code-text = { $service } 페이지를 열어 이 코드가 표시되는지 확인하거나 그곳에 입력하세요. 이 페이지는 자동으로 넘어갑니다.
code-open = { $service } 페이지 열기
code-copy = 코드 복사
code-copied = 복사됨
code-elsewhere = 다른 기기에서: { $address }
code-left = 남은 시간: { $time }
code-minute = 코드는 1분 후에 만료됩니다.

redirecting-title = { $service }(으)로 이동하는 중
redirecting-text = 로그인하면 여기로 돌아옵니다.
redirecting-stuck-title = 페이지가 이동하지 않았습니다
redirecting-stuck-text = 페이지를 새로 고친 뒤 다시 시도하거나 여기에서 계속하세요.
redirecting-here = 이 탭에서 계속

verifying-title = { $service } 연결을 마무리하는 중
verifying-text = 잠시만 기다려 주세요.
verifying-customer-title = { $app }에서 본인 여부를 확인하는 중
verifying-customer-text = 다른 창에서 끝까지 진행하세요. 이 페이지는 자동으로 넘어갑니다.

choose-title = 연결할 대상 선택
choose-lead = { $service } 로그인으로 여러 계정이나 워크스페이스를 사용할 수 있습니다. { $app }에서 사용할 것을 선택하세요.
choose-list = 선택할 수 있는 대상
choose-search = 검색
choose-results = { $count }개
choose-changed = 이전에 연결한 대상이 목록에 없습니다. 다른 대상을 선택하거나 취소하세요. 취소하면 아무것도 바뀌지 않습니다.
choose-unsent = 완료되지 않았습니다. 다시 선택하세요.
choose-elsewhere-title = { $service } 창에서 선택하세요
choose-elsewhere-text = 로그인으로 여러 계정이나 워크스페이스를 사용할 수 있습니다. 해당 창에서 선택하세요. 이 페이지는 자동으로 넘어갑니다.

success-title = { $service } 연결이 완료되었습니다
success-again-title = { $service } 연결이 복구되었습니다
success-text = 이제 { $app }에서 사용할 수 있습니다.
success-text-owner = 이제 { $app }에서 { $owner } 계정으로 사용할 수 있습니다.
success-generic-title = 계정이 연결되었습니다
success-done = 완료
success-another = 다른 서비스 연결

partial-title = { $app }에서 요청한 권한 중 일부만 허용되었습니다. 할 수 없는 일:
partial-text = { $app }에서 작동하지 않는 것이 있으면 모든 항목을 선택한 채로 { $service } 연결을 다시 하세요.
partial-rest = 나머지 허용
partial-rest-text = 지금 나머지를 허용할 수 있습니다. 이미 작동하는 것은 그대로 유지됩니다.

kept-title = { $service } 연결이 그대로 유지됩니다
kept-text = 제거된 것은 없습니다. { $app }에서 전과 같이 { $service } 사용이 가능합니다.

connected-title = { $service }에 이미 연결되어 있습니다
connected-text = { $app }에서 사용할 수 있습니다.
connected-text-owner = { $app }에서 { $owner } 계정으로 사용할 수 있습니다.
connected-accounts = 연결된 계정
connected-more = 외 { $count }개
connected-keep = 그대로 두기
connected-another = 다른 { $service } 계정 연결

approval-title = { $service }에 관리자 승인이 필요합니다
approval-text = 연결할 수 있는 앱은 소속 조직에서 정합니다. { $service } 관리자에게 { $app } 승인을 요청한 뒤 다시 시도하세요.
approval-said = { $service }의 메시지: “{ $said }”
approval-request = { $app }에 { $service } 연결을 하려고 합니다. 먼저 관리자 승인이 필요하니 { $service } 앱 설정에서 { $app } 사용을 허용한 뒤 알려 주세요.

account-title = 다른 계정입니다
account-changed = 변경된 것은 없습니다. 연결은 기존 계정으로 유지됩니다.
account-known = { $account } 계정으로 { $service }에 로그인하세요.
account-unnamed = 이전 계정으로 { $service }에 로그인하세요.
account-unknown = { $service }에서 어떤 계정인지 알려 주지 않아 연결을 그대로 두었습니다. 1분 후에 다시 시도하세요.
account-again = { $service } 다시 연결

webview-title = { $service } 로그인이 여기서 열리지 않을 수 있습니다
webview-text = 다른 앱에 내장된 브라우저이며, 많은 서비스가 여기에서의 로그인을 허용하지 않습니다. 사용하시는 브라우저에서 { $app } 페이지를 열고 { $service } 연결을 진행하세요.
webview-open = 브라우저에서 열기
webview-copy = 주소 복사
webview-copied = 복사됨
webview-anyway = 여기에서 시도

failure-title = { $service } 연결이 되지 않았습니다
failure-generic-title = 계정이 연결되지 않았습니다
failure-retry = 다시 시도
failure-list = 다른 서비스 선택
failure-close = 닫기
failure-token-title = 연결이 시작되지 않았습니다
failure-token = { $app }에서 예상대로 응답하지 않았습니다. 다시 시도하세요. 문제가 계속되면 { $app } 운영자가 해결할 수 있으니 다음 내용을 보여 주세요.
failure-generic = 진행 중에 문제가 발생했습니다. 저장된 내용은 없습니다. 다시 시도하세요.
failure-network = 응답이 없습니다. 인터넷 연결을 확인하고 다시 시도하세요.
failure-server-title = 지금은 사용할 수 없습니다
failure-server = Latchkey 쪽 문제이며, 저장된 내용은 없습니다. 1분 후에 다시 시도하세요.
failure-provider-title = { $service }에서 응답이 없습니다
failure-provider = 저장된 내용은 없습니다. { $service }에 일시적인 문제가 있을 수 있으니 1분 후에 다시 시도하세요.
failure-denied = { $service }에서 액세스를 허용하지 않아 { $app }에는 권한이 없습니다. 의도한 것이 아니라면 다시 시도하여 허용하세요.
failure-final = { $service }에서 { $app }의 액세스 요청 방식을 받아들이지 않으며, 다시 시도해도 해결되지 않습니다. { $app } 운영자가 해결할 수 있으니 다음 내용을 보여 주세요.
failure-timed-out = 제시간에 로그인이 완료되지 않았습니다. 연결된 것은 없습니다.
failure-embedder-title = 이 페이지는 여기에서 열 수 없습니다
failure-embedder = { $origin }은(는) 이 페이지를 표시할 수 있는 주소 목록에 없습니다. 사이트 운영자가 Latchkey에서 프로젝트의 출처 목록에 추가할 수 있습니다.
failure-no-embedder-title = 바깥 페이지가 응답하지 않았습니다
failure-no-embedder = 페이지를 새로 고친 뒤 다시 시도하세요. 문제가 계속되면 페이지 운영자가 Latchkey를 여는 방식을 확인해야 합니다.

expired-title = 시간이 초과되었습니다
expired-text = 안전을 위해 로그인은 짧은 시간 동안만 열려 있습니다. 연결된 것은 없습니다. 준비되면 다시 시작하세요.
expired-again = 다시 시작

cancelled-title = 연결된 것이 없습니다
cancelled-text = { $service } 연결을 마치기 전에 중단했습니다. { $app }에는 액세스 권한이 없습니다.
cancelled-again = { $service } 연결

rejected-title = 이 로그인은 거부되었습니다
rejected-text = 다른 창에서 누군가 본인의 로그인이 아니라고 답했습니다. 연결된 것은 없으며 더 하실 일도 없습니다.
rejected-another = { $app }에서 알고 있는 사람이 아닌 다른 사람이 로그인을 완료했습니다. 연결된 것은 없습니다. 본인 계정으로 { $app }에 로그인한 뒤 다시 시작하세요.

blocked-title = 브라우저가 창을 열지 않았습니다
blocked-text = { $service } 로그인 창을 직접 여세요.
blocked-open = 로그인 창 열기
blocked-here = 이 탭에서 계속

ways-title = 다른 로그인 방법
ways-text = { $service } 로그인을 열 곳을 선택하세요. 이전 창은 더 이상 유효하지 않습니다.

reload-title = 계속하려면 페이지를 새로 고치세요
reload-text = 브라우저의 뒤로 버튼으로 돌아와 이 창에서는 이어서 진행할 수 없습니다. 연결된 것은 없습니다.

check-title = 연결을 마무리하는 중
check-text = 잠시만 기다려 주세요.
check-unfinished-title = 로그인이 완료되지 않았습니다
check-unfinished-text = 창을 닫고 다시 시작하세요. 이미 완료했다면 잠시만 기다려 주세요. 이 페이지는 자동으로 넘어갑니다.

inside-title = 앱 안에서 열리는 페이지입니다
inside-text = 이 페이지는 다른 제품의 일부이며 그 안에서만 작동합니다. 원래 앱으로 돌아가 다시 시작하세요.

token-missing = 토큰 엔드포인트가 설정되지 않았습니다. 임베드 스크립트에 주소를 전달하세요.
token-relative = 토큰 엔드포인트 주소는 https://로 시작하는 절대 주소여야 합니다.
token-unreachable = { $host }의 토큰 엔드포인트에 연결할 수 없거나 이 페이지가 허용되지 않습니다(CORS).
token-timed-out = { $host }의 토큰 엔드포인트가 20초 안에 응답하지 않았습니다.
token-not-json = { $host }의 토큰 엔드포인트가 { $status } 상태로 JSON이 아닌 내용을 반환했습니다.
token-empty = { $host }의 토큰 엔드포인트가 빈 응답을 반환했습니다.
token-unknown = { $host }의 토큰 엔드포인트가 { $status } 상태로 응답했으나 세션이 없습니다.
token-no-session = 토큰 엔드포인트의 응답에 요청 ID가 없습니다.
token-timed-out-port = 페이지가 20초 안에 토큰을 전달하지 않았습니다.

start-resume-title = 로그인 계속하기
start-resume-button = { $service } 계속하기
start-nothing-title = 계속할 내용이 없습니다
start-nothing = 이 창에서 진행 중인 로그인이 없습니다. 창을 닫고 앱에서 다시 시작하세요.
start-unknown-title = 더 이상 유효하지 않은 로그인입니다
start-unknown = 이 창을 닫고 앱에서 다시 시작하세요.
start-spent-title = 이미 열린 로그인입니다
start-spent = 한 번만 열 수 있습니다. 다른 창을 확인하거나 앱에서 다시 시작하세요.
start-foreign-title = 앱에서 여세요
start-foreign = 이 주소는 앱에서 직접 열 때만 작동합니다. 다른 사람이 보낸 주소라면 진행하지 마세요.
start-return-title = 돌아갈 주소가 허용되지 않습니다
start-return-text = 앱의 주소가 프로젝트 목록에 없습니다. 앱 운영자가 Latchkey에서 추가할 수 있습니다.
start-expired-title = 시간이 초과되었습니다
start-expired = 이 창을 닫고 앱에서 다시 시작하세요.
start-failed-title = 로그인 페이지가 열리지 않았습니다
start-failed = 지금은 Latchkey에 연결할 수 없습니다. 이 창을 닫고 앱에서 다시 시도하세요.
start-close = 이 창 닫기
start-may-close = 이 창을 닫아도 됩니다.

confirm-wrong-code = 코드가 올바르지 않습니다. 첫 번째 창을 확인하고 다시 시도하세요.
confirm-empty-code = 첫 번째 창에 표시된 코드를 입력하세요.
confirm-rejected-title = 중단됨
confirm-rejected = 연결된 것은 없습니다. 직접 시작하지 않았더라도 더 하실 일은 없습니다.
confirm-gone-title = 종료된 로그인입니다
confirm-gone = 이 창을 닫고 앱에서 다시 시작하세요.
confirm-failed = 지금은 Latchkey에 연결할 수 없습니다. 다시 시도하세요.

link-loading = 링크를 읽는 중
link-title = { $service } 다시 연결
link-failed = { $app }에서 더 이상 회원님의 { $service } 계정을 사용할 수 없습니다.
link-expiring = { $app }의 { $service } 계정 접근 권한이 곧 끝납니다.
link-account = 그곳에서 { $account } 계정으로 로그인하세요
link-same = 이전과 같은 계정을 사용하세요. 다른 계정은 거부됩니다.
link-opening = 여는 중
link-closed-title = 이 창을 닫아도 됩니다
link-closed = 다음 일은 { $app }에서 하세요.
link-used-title = 완료되었습니다
link-used = 이미 다시 연결되었습니다. 하실 일이 없습니다.
link-over-title = 이 링크는 더 이상 쓸 수 없습니다
link-expired = 이 링크는 만료되었습니다. 링크를 보낸 앱을 열고 그곳에서 다시 연결하세요.
link-deleted = 이 링크의 연결이 삭제되었습니다. 링크를 보낸 앱을 열고 그곳에서 연결하세요.
link-incomplete-title = 이 링크는 완전하지 않습니다
link-connect-title = { $service } 연결: { $app }
link-connect-any-title = 내 계정 연결: { $app }
link-manage-title = { $app } 연결 목록
link-invited = { $inviter } 님이 { $app }에 { $service } 연결을 요청했습니다.
link-invited-any = { $inviter } 님이 { $app }에 계정 연결을 요청했습니다.
link-asked = { $app }에서 { $service } 연결을 요청합니다.
link-asked-any = { $app }에서 계정 연결을 요청합니다.
link-reconnect = { $app }에서 { $service } 계정을 다시 연결하도록 요청합니다.
link-of = { $owner }의 연결
link-not-you = 본인이 아니라면 계속하지 말고 이 페이지를 닫으세요.
link-once = 이 링크는 한 번만 사용할 수 있습니다.
link-manage-lead = { $app }에서 사용할 수 있는 내 계정을 확인하고, 다시 연결하거나 연결을 해제하세요.
link-continue = { $service } 계속하기
link-used-once = 이 링크는 이미 사용되었고 계정이 연결되었습니다. 할 일이 없습니다.
link-revoked = 이 링크는 취소되었습니다. 보낸 사람에게 새 링크를 요청하세요.
link-ended = 이 링크는 만료되었습니다. 보낸 사람에게 새 링크를 요청하세요.
link-back = { $app }(으)로 돌아가기
link-close = 이 창 닫기
link-incomplete = 링크의 일부가 없습니다. 받은 그대로 전체를 열거나 링크를 보낸 앱으로 이동하세요.

## One's own connections, in the modal and by a link

manage-title = 내 연결
manage-lead = { $app }에서 이 계정들을 사용할 수 있습니다.
manage-lead-owner = { $app }에서 { $owner } 님을 위해 이 계정들을 사용할 수 있습니다.
manage-loading = 연결을 읽는 중
manage-since = 연결한 날: { $date }
manage-used = 마지막 사용: { $date }
manage-unused = 아직 사용되지 않음
manage-state-operational = 정상
manage-state-degraded = 정상입니다. 지금은 갱신에 실패하고 있으며 다시 시도합니다.
manage-state-failed = 더 이상 작동하지 않습니다. 다시 연결하세요.
manage-state-unknown = 아직 확인되지 않음
manage-state-off = { $app }에서 꺼 둠
manage-reconnect = 다시 연결
manage-disconnect = 연결 해제
manage-disconnect-button = { $service } 연결 해제
manage-more = 더 보기
manage-empty-title = 아직 연결이 없습니다
manage-empty = { $app }에서 접근할 수 있는 내 계정이 없습니다.
manage-confirm-title = { $service } 연결을 해제할까요?
manage-confirm = 이후 { $app }에서 이 { $service } 계정을 사용할 수 없습니다. { $app }에서 이미 읽은 내용은 그대로 남습니다.
manage-ending-revoked = { $service }에도 접근 종료를 요청합니다.
manage-ending-kept = 여기서는 { $service }에 접근 종료를 요청할 수 없습니다. 그쪽 계정 설정에서도 { $app }을(를) 제거하세요.
manage-ending-shared = 다른 연결이 사용 중이므로 { $service }의 접근은 유지됩니다. 마지막 연결과 함께 종료됩니다.
manage-ending-key = 키는 { $service }에서 삭제할 때까지 유효합니다.
manage-disconnecting = 연결 해제 중
manage-keep = { $service } 연결 유지
manage-done-title = { $service } 연결이 해제되었습니다
manage-done-text = { $app }에서 이 { $service } 계정을 더 이상 사용할 수 없습니다.
manage-done-pending = { $service }에 접근 종료를 요청하고 있습니다.
manage-done-failed = { $service }에 접근 종료를 요청하지 못했습니다. 그쪽 계정 설정에서 { $app }을(를) 제거하세요.
manage-back = 내 연결 보기
manage-gone-title = { $service } 연결은 이미 해제되었습니다
manage-gone = 그동안 다른 곳에서 연결이 해제되었습니다. 더 하실 일은 없습니다.

problem-access-denied = 액세스가 허용되지 않아 { $service } 연결이 되지 않았습니다.
problem-account-changed = 이전에 연결한 것과 다른 { $service } 계정입니다. 이전 계정으로 로그인하거나 새 연결을 만드세요.
problem-account-unknown = { $service }에서 어떤 계정인지 알려 주지 않아 연결을 그대로 두었습니다. 1분 후에 다시 시도하세요.
problem-address-unreachable = 입력한 주소에서 { $service }에 연결할 수 없습니다. 주소를 확인한 후 다시 시도하세요.
problem-app-broken = { $service }에서 이 앱의 설정을 거부했습니다. 앱 운영자가 확인해야 합니다.
problem-app-refused = { $service }에서 이 앱의 액세스 요청 방식을 거부했습니다. 앱 운영자가 해당 설정을 확인해야 합니다.
problem-cannot-confirm = { $service } 연결에는 코드가 쓰이지만 이 앱은 누가 로그인했는지 확인합니다. 코드로는 확인할 수 없습니다. 앱 운영자가 바꿀 수 있습니다.
problem-cannot-widen = 여기에서는 나머지를 허용할 수 없습니다. 앱에서 { $service } 연결을 다시 하세요.
problem-choices-refused = { $service }에서 이 계정으로 사용할 수 있는 대상을 알려 주지 않았습니다. 다른 계정으로 로그인하거나 { $service } 관리자에게 액세스를 요청하세요.
problem-choices-unexpected = { $service }에서 예상하지 못한 응답을 보냈습니다. 앱 운영자가 확인해야 합니다.
problem-code-expired = { $service }에서 더 이상 이 로그인을 허용하지 않습니다. 다시 시작하세요.
problem-credential-refused = { $service }에서 거부했습니다. 입력한 내용을 확인하고 다시 시도하세요.
problem-expired = 로그인이 너무 오래 걸렸습니다. 다시 시작하세요.
problem-field-errors = 확인이 필요한 항목이 있습니다.
problem-flow-expired = 로그인이 너무 오래 걸려 종료되었습니다. 앱에서 다시 시작하세요.
problem-integration-changed = { $service } 로그인 방식이 변경되었습니다. 앱에서 다시 시작하세요.
problem-integration-not-offered = 여기에서는 { $service } 연결을 할 수 없습니다. 앱 운영자가 사용 설정할 수 있습니다.
problem-interrupted = { $service } 로그인이 중단되었습니다. 다시 시도하세요.
problem-link-revoked = 링크가 취소되었습니다. 아무것도 연결되지 않았습니다.
problem-issuer-mismatch = { $service }에서 온 응답이 아닙니다. 다시 시작하고, 반복되면 앱 운영자에게 알려 주세요.
problem-less-access = 이번에 { $service }에서 허용한 것이 전보다 적어 연결을 그대로 두었습니다. 모든 항목을 선택한 채로 다시 시도하세요.
problem-login-required = 먼저 { $service }에 로그인해야 합니다. 다시 시도하세요.
problem-no-verify-url = 앱에 로그인을 확인할 주소가 없습니다. 앱 운영자가 설정할 수 있습니다.
problem-not-me = 누군가 본인의 로그인이 아니라고 답했습니다. 연결된 것은 없습니다.
problem-nothing-to-choose = { $service }에 이 계정으로 사용할 수 있는 대상이 없습니다. 다른 계정으로 로그인하거나 { $service } 관리자에게 액세스를 요청하세요.
problem-provider-refused = { $service }에서 로그인을 거부했습니다.
problem-provider-unavailable = { $service }의 응답이 예상과 다릅니다. 몇 분 후에 다시 시도하세요.
problem-session-expired = 연결 세션이 종료되었습니다. 다시 시작하세요.
problem-session-used = 이 세션에서는 이미 연결을 만들었습니다. 앱에서 다시 시작하세요.
problem-wrong-code = 코드가 올바르지 않습니다. 첫 번째 창을 확인하고 다시 시도하세요.
problem-manage-not-allowed = 여기에서는 연결을 관리할 수 없습니다. 처음 사용하던 앱을 이용하세요.
problem-other-project = 이 주소에 속하지 않습니다. 앱에서 다시 시작하세요.
problem-too-many-reconnects = 한 시간 안에 너무 여러 번 다시 연결했습니다. 잠시 기다렸다가 다시 시도하세요.
problem-too-many-flows = 이 창에서 로그인을 너무 많이 시작했습니다. 창을 닫고 앱에서 다시 시작하세요.

page-embed-title = 연결
page-embed-unknown-title = 사용하지 않는 주소입니다
page-embed-unknown-text = 이 서버의 어떤 앱도 여기에 연결 창을 두고 있지 않습니다. 앱으로 돌아가세요. 올바른 주소는 앱 관리자가 콘솔의 Embed에서 찾을 수 있습니다.
page-embed-later-text = 지금은 이 창을 열 수 없습니다. 자동으로 다시 시도합니다.
page-choose-title = 연결할 대상 선택
page-no-script = 이 페이지에는 JavaScript가 필요합니다. 허용한 뒤 새로 고치세요.
page-frame-no-script = 이 창에는 JavaScript가 필요합니다. 허용한 뒤 새로 고치세요.

page-start-title = 로그인 페이지를 여는 중
page-start-text = 잠시만 기다려 주세요.
page-start-framed-title = 별도 창에서 열리는 페이지입니다
page-start-framed-text = 다른 페이지 안에는 표시할 수 없습니다. 앱으로 돌아가 다시 시작하세요.

page-confirm-window-title = { $app }에 { $service } 연결
page-confirm-title = 본인의 로그인이 맞나요?
page-confirm-lead = { $app }에서 { $service } 연결을 요청합니다.
page-confirm-owner = 소유자
page-confirm-origin = 이전 페이지
page-confirm-started = 시작 시간
page-confirm-code = 첫 번째 창의 코드
page-confirm-hint = 방금 { $app }에서 직접 시작한 것이 아니라면 ‘본인이 아닙니다’를 선택하세요.
page-confirm-continue = { $service } 계속하기
page-confirm-refuse = 본인이 아닙니다
page-confirm-nothing-title = 확인할 내용이 없습니다
page-confirm-nothing-text = 종료되었거나 다른 브라우저에서 시작된 로그인입니다. 앱으로 돌아가 다시 시작하세요.

page-done-account = 계정
page-done-app = 앱
page-done-success-title = { $service } 연결이 완료되었습니다
page-done-success-text = { $app }에서 자동으로 계속됩니다.
page-done-failure-title = { $service } 연결이 되지 않았습니다
page-done-failure-text = 진행 중에 문제가 발생했습니다. 저장된 내용은 없습니다. 앱에서 다시 시작하세요.
page-done-cancelled-title = 연결된 것이 없습니다
page-done-cancelled-text = 로그인이 중단되었습니다. { $app }에는 액세스 권한이 없습니다.
page-done-verifying-title = 한 단계가 남았습니다
page-done-verifying-text = { $app }에서 본인인지 확인해야 합니다.
page-done-pending-title = 아직 { $service } 연결 전입니다
page-done-pending-text = 로그인이 아직 진행 중입니다. 열려 있는 창에서 완료하면 이 페이지에 결과가 표시됩니다. 그 창이 없다면 { $app }에서 다시 시작하세요.
page-done-neutral-title = 종료된 로그인입니다
page-done-neutral-text = 결과는 시작한 앱에 표시됩니다.
page-done-back = { $app }(으)로 돌아가기

page-callback-no-app-title = 사용하지 않는 주소입니다
page-callback-no-app-text = 서비스에 등록된 리디렉션 주소가 이 서버의 어떤 앱에도 해당하지 않습니다. 앱 관리자가 `latchkey apps list`와 비교해야 합니다.
page-callback-incomplete-title = 주소가 완전하지 않습니다
page-callback-incomplete-text = 앱으로 돌아가 로그인을 다시 시작하세요.
page-callback-later-title = 잠시만 기다려 주세요
page-callback-later-text = 지금은 로그인을 마칠 수 없습니다. 이 페이지가 자동으로 다시 시도합니다.
page-callback-put-back-text = 지금은 { $service } 로그인을 마칠 수 없습니다. 잃어버린 것은 없으며, 이 페이지가 자동으로 다시 시도합니다.
page-callback-failed-title = Latchkey 쪽에 문제가 발생했습니다
page-callback-failed-text = 앱으로 돌아가 로그인을 다시 시작하세요.
page-callback-unknown-title = 알 수 없는 로그인입니다
page-callback-unknown-text = 앱으로 돌아가 로그인을 다시 시작하세요.
page-callback-other-browser-title = 다른 브라우저에서 시작된 로그인입니다
page-callback-other-browser-text = 연결된 것은 없습니다. 앱을 사용하는 브라우저에서 앱으로 돌아가 다시 시작하세요.
page-callback-over-title = 종료된 로그인입니다
page-callback-over-text = 너무 오래 걸렸거나 닫혔습니다. 앱으로 돌아가 다시 시작하세요.
