brand-secured = محمي بواسطة Latchkey
brand-test = اختبار
brand-close = إغلاق
brand-back = رجوع
brand-reference = الرقم المرجعي
brand-fallback-app = التطبيق
brand-fallback-service = الخدمة
brand-keeper = Latchkey
brand-copy-reference = نسخ الرقم المرجعي { $reference }
brand-copy-text = نسخ هذا النص
brand-copied = تم النسخ
brand-privacy = سياسة الخصوصية
brand-terms = شروط الاستخدام

offline-title = أنت غير متصل بالإنترنت
offline-text = أنت غير متصل بالإنترنت. ستتابع العملية عند عودة الاتصال.

loading-title = جارٍ التحميل
loading-token = جارٍ طلب إذن الربط من { $app }
loading-session = جارٍ تحميل الخدمات
loading-form = جارٍ تحميل { $service }
loading-slow = يستغرق هذا وقتًا أطول من المعتاد.
loading-give-up = إغلاق

pick-title = ربط خدمة
pick-lead = اختر ما يمكن لـ { $app } استخدامه.
pick-search = البحث في الخدمات
pick-all = الكل
pick-own = اتصالاتك ({ $count })
pick-connected = مرتبط
pick-connected-count =
    { $count ->
        [one] حساب واحد مرتبط
        [two] حسابان مرتبطان
        [few] { $count } حسابات مرتبطة
        [many] { $count } حسابًا مرتبطًا
       *[other] { $count } حساب مرتبط
    }
pick-none = لا نتائج تطابق «{ $query }».
pick-clear = مسح البحث
pick-results =
    { $count ->
        [zero] لا توجد خدمات
        [one] خدمة واحدة
        [two] خدمتان
        [few] { $count } خدمات
        [many] { $count } خدمة
       *[other] { $count } خدمة
    }
pick-list = الخدمات
pick-categories = الفئات

category-accounting = المحاسبة
category-ai = الذكاء الاصطناعي
category-analytics = التحليلات
category-calendar = التقويم
category-chat = المحادثة
category-communication = التواصل
category-crm = إدارة العملاء
category-development = التطوير
category-email = البريد الإلكتروني
category-files = الملفات
category-hr = الموارد البشرية
category-identity = الهوية
category-marketing = التسويق
category-payments = المدفوعات
category-productivity = الإنتاجية
category-sales = المبيعات
category-support = الدعم

empty-title = لا يوجد ما يمكن ربطه بعد
empty-text =
    { $environment ->
        [test] لم يفعّل { $app } أي خدمة في بيئة الاختبار. يمكن للقائمين على { $app } إضافة خدمة.
       *[other] لم يفعّل { $app } أي خدمة. يمكن للقائمين على { $app } إضافة خدمة.
    }

explain-title = ربط { $service }
explain-reconnect-title = إعادة ربط { $service }
explain-reconnect-reason = لم يعد الربط مع { $service } يعمل.
explain-reconnect-refused = لم يعد { $service } يقبل هذا الربط.
explain-reconnect-keeps = أعد ربطه ليتابع { $app } من حيث توقف.
explain-account = استخدم حساب { $service } نفسه كما في السابق: { $account }. يُرفض أي حساب آخر.
explain-permission = استخدام الإذن «{ $scope }»
explain-keeps = يحفظ { $keeper } إذن الوصول مشفّرًا ولا يستخدمه إلا لصالح { $app }. يمكنك إنهاؤه من إعداداتك في { $service }.
explain-keeps-unnamed = يُحفظ إذن الوصول مشفّرًا ولا يُستخدم إلا لصالح { $app }. يمكنك إنهاؤه من إعداداتك في { $service }.
explain-lead = يطلب { $app } استخدام حسابك في { $service }.
explain-access = سيتمكن { $app } من
explain-owner = سيكون هذا الربط تابعًا لـ { $owner }
explain-promise = يفتح { $service } في نافذة مستقلة. لا يطّلع { $app } على كلمة مرورك أبدًا.
explain-promise-same-tab = يفتح { $service } في علامة التبويب هذه ثم يعيدك إلى هنا. لا يطّلع { $app } على كلمة مرورك أبدًا.
explain-promise-code = تُدخل رمزًا في صفحة { $service }. لا يطّلع { $app } على كلمة مرورك أبدًا.
explain-key-promise = يُحفظ مشفّرًا ولا يُستخدم إلا لصالح { $app }.
explain-button = ربط { $service }
explain-reconnect-button = إعادة ربط { $service }
explain-docs = ماذا تعني هذه الأذونات
explain-policies = كيف يتعامل { $app } مع بياناتك:
explain-other = طريقة أخرى: { $method }

form-name = اسم هذا الربط
form-name-help = للتمييز بين حسابين. يمكنك تركه فارغًا.
form-optional = اختياري
form-find-short = أين أجد هذا؟
form-reveal = إظهار
form-conceal = إخفاء
form-reveal-label = إظهار { $label }
form-conceal-label = إخفاء { $label }
form-required = هذا الحقل مطلوب: { $label }.
form-pattern = لا يبدو هذا صحيحًا للحقل «{ $label }». تحقق من نسخ القيمة كاملة.
form-characters = يحتوي الحقل «{ $label }» على رمز لا يمكن إرساله. انسخ القيمة مرة أخرى.
form-choose = اختر واحدًا
form-other = عنوان آخر
form-checking = جارٍ التحقق لدى { $service }
form-refused = رفض { $service } هذه القيمة. تحقق منها وحاول مرة أخرى.
form-stop = إيقاف الانتظار

waiting-title = تابع في نافذة { $service }
waiting-text = سجّل الدخول إلى { $service } هناك. ستتابع هذه الصفحة تلقائيًا.
waiting-closed = هل أغلقت نافذة { $service }؟
waiting-no-window = ألا ترى نافذة؟
waiting-reopen = فتحها مرة أخرى
waiting-cancel = إلغاء
waiting-other = استخدام طريقة أخرى
waiting-code-title = أدخل هذا الرمز في النافذة الأخرى
waiting-code-text = يُثبت الرمز أن النافذتين لك.
waiting-code-label = الرمز هو { $code }

code-title = أدخل هذا الرمز لدى { $service }
code-text = افتح صفحة { $service } وتأكد من أنها تعرض هذا الرمز، أو أدخله هناك. ستتابع هذه الصفحة تلقائيًا.
code-open = فتح صفحة { $service }
code-copy = نسخ الرمز
code-copied = تم النسخ
code-elsewhere = على جهاز آخر: { $address }
code-left = الوقت المتبقي: { $time }
code-minute = الرمز صالح لدقيقة واحدة أخرى.

redirecting-title = جارٍ نقلك إلى { $service }
redirecting-text = ستعود إلى هنا بعد تسجيل الدخول.
redirecting-stuck-title = لم تنتقل هذه الصفحة
redirecting-stuck-text = أعد تحميل الصفحة وحاول مرة أخرى، أو تابع هنا.
redirecting-here = المتابعة في علامة التبويب هذه

verifying-title = جارٍ إتمام الربط مع { $service }
verifying-text = يستغرق هذا لحظة.
verifying-customer-title = يتأكد { $app } من هويتك
verifying-customer-text = تابع في النافذة الأخرى حتى النهاية. ستتابع هذه الصفحة تلقائيًا.

choose-title = اختر ما تريد ربطه
choose-lead = يتيح تسجيل دخولك إلى { $service } عدة حسابات أو مساحات عمل. اختر ما سيستخدمه { $app }.
choose-list = الخيارات المتاحة
choose-search = بحث
choose-results =
    { $count ->
        [zero] لا عناصر
        [one] عنصر واحد
        [two] عنصران
        [few] { $count } عناصر
        [many] { $count } عنصرًا
       *[other] { $count } عنصر
    }
choose-changed = ما كان مرتبطًا من قبل لم يعد بينها. اختر غيره، أو ألغِ ولن يتغير شيء.
choose-unsent = لم تكتمل العملية. اختر مرة أخرى.
choose-elsewhere-title = اختر في نافذة { $service }
choose-elsewhere-text = يتيح تسجيل دخولك عدة حسابات أو مساحات عمل. اختر هناك، وستتابع هذه الصفحة تلقائيًا.

success-title = تم ربط { $service }
success-again-title = تمت إعادة ربط { $service }
success-text = يمكن لـ { $app } استخدامه الآن.
success-text-owner = يمكن لـ { $app } استخدامه الآن نيابةً عن { $owner }.
success-generic-title = تم ربط حسابك
success-done = تم
success-another = ربط خدمة أخرى

partial-title = حصل { $app } على وصول أقل مما طلب. لن يتمكن من:
partial-text = إذا لم يعمل شيء في { $app } فأعد ربط { $service } واترك كل المربعات محددة.
partial-rest = السماح بالباقي
partial-rest-text = يمكنك السماح بالباقي الآن. يبقى ما يعمل على حاله.

kept-title = يبقى { $service } كما كان
kept-text = لم يُسحب أي شيء: يمكن لـ { $app } استخدام { $service } كما في السابق.

connected-title = { $service } مرتبط بالفعل
connected-text = يمكن لـ { $app } استخدامه.
connected-text-owner = يمكن لـ { $app } استخدامه نيابةً عن { $owner }.
connected-accounts = الحسابات المرتبطة
connected-more = و{ $count } غيرها
connected-keep = إبقاؤه كما هو
connected-another = ربط حساب { $service } آخر

approval-title = يتطلب { $service } موافقة مسؤول
approval-text = تحدد مؤسستك هناك التطبيقات المسموح لها بالربط. اطلب من مسؤول { $service } الموافقة على { $app } ثم حاول مرة أخرى.
approval-said = رسالة { $service }: «{ $said }»
approval-request = أرغب في ربط { $service } بـ { $app }. يطلب { $service } موافقة مسؤول أولاً: اسمح لـ { $app } في إعدادات التطبيقات في { $service } ثم أخبرني.

account-title = هذا حساب آخر
account-changed = لم يتغير أي شيء: يبقى الربط مع الحساب الحالي.
account-known = سجّل الدخول إلى { $service } باسم { $account }.
account-unnamed = سجّل الدخول إلى { $service } بالحساب السابق.
account-unknown = لم يحدد { $service } هذا الحساب، لذلك بقي الربط كما كان. حاول مرة أخرى بعد دقيقة.
account-again = إعادة ربط { $service }

webview-title = قد يرفض { $service } الفتح هنا
webview-text = هذا متصفح داخل تطبيق آخر، ولا تسمح خدمات كثيرة بتسجيل الدخول فيه. افتح { $app } في متصفحك واربط { $service } هناك.
webview-open = الفتح في المتصفح
webview-copy = نسخ العنوان
webview-copied = تم النسخ
webview-anyway = المحاولة هنا

failure-title = لم يتم ربط { $service }
failure-generic-title = لم يتم ربط الحساب
failure-retry = حاول مرة أخرى
failure-list = اختيار خدمة أخرى
failure-close = إغلاق
failure-token-title = لم يبدأ الربط
failure-token = لم يستجب { $app } كما هو متوقع. حاول مرة أخرى. إذا استمرت المشكلة فيمكن للقائمين على { $app } حلها؛ اعرض عليهم ما يلي:
failure-generic = حدث خطأ أثناء العملية. لم يُحفظ أي شيء. حاول مرة أخرى.
failure-network = لا توجد استجابة. تحقق من اتصالك بالإنترنت وحاول مرة أخرى.
failure-server-title = هذا لا يعمل الآن
failure-server = الخلل من جانبنا ولم يُحفظ أي شيء. حاول مرة أخرى بعد دقيقة.
failure-provider-title = لا يستجيب { $service }
failure-provider = لم يُحفظ أي شيء. قد يكون { $service } متوقفًا مؤقتًا؛ حاول مرة أخرى بعد دقيقة.
failure-denied = لم تسمح بالوصول في { $service }، لذلك ليس لدى { $app } أي وصول. إذا لم يكن هذا ما أردته فحاول مرة أخرى واختر السماح.
failure-final = لا يقبل { $service } طريقة { $app } في طلب الوصول، ولن تفيد إعادة المحاولة. يمكن للقائمين على { $app } حل ذلك؛ اعرض عليهم ما يلي:
failure-timed-out = لم يكتمل تسجيل الدخول في الوقت المحدد. لم يُربط أي شيء.
failure-embedder-title = لا يمكن فتح هذه الصفحة هنا
failure-embedder = العنوان { $origin } ليس ضمن قائمة العناوين التي يُسمح لها بعرض هذه الصفحة. يمكن للقائمين على ذلك الموقع إضافته إلى مصادر المشروع في Latchkey.
failure-no-embedder-title = لم تستجب الصفحة المحيطة
failure-no-embedder = أعد تحميل الصفحة وحاول مرة أخرى. إذا استمرت المشكلة فعلى القائمين على الصفحة التحقق من طريقة فتح Latchkey.

expired-title = استغرق هذا وقتًا طويلاً
expired-text = حفاظًا على الأمان، يبقى تسجيل الدخول متاحًا لوقت قصير فقط. لم يُربط أي شيء. ابدأ من جديد عندما تكون مستعدًا.
expired-again = البدء من جديد

cancelled-title = لم يُربط أي شيء
cancelled-text = توقفت قبل اكتمال ربط { $service }. ليس لدى { $app } أي وصول إليه.
cancelled-again = ربط { $service }

rejected-title = رُفض تسجيل الدخول هذا
rejected-text = أفاد أحدهم في النافذة الأخرى بأن تسجيل الدخول هذا ليس له. لم يُربط أي شيء، ولا يلزم فعل شيء آخر.
rejected-another = أكمل تسجيل الدخول شخص آخر غير الذي يعرفه { $app } هنا. لم يُربط أي شيء. سجّل الدخول إلى { $app } بحسابك وابدأ من جديد هناك.

blocked-title = لم يفتح المتصفح النافذة
blocked-text = افتح صفحة تسجيل الدخول إلى { $service } بنفسك.
blocked-open = فتح نافذة تسجيل الدخول
blocked-here = المتابعة في علامة التبويب هذه

ways-title = طريقة أخرى لتسجيل الدخول
ways-text = اختر مكان فتح { $service }. لم تعد النافذة السابقة صالحة.

reload-title = أعد تحميل هذه الصفحة للمتابعة
reload-text = عدت باستخدام زر الرجوع في المتصفح، ولم تعد هذه النافذة قادرة على المتابعة. لم يُربط أي شيء.

check-title = جارٍ إتمام الربط
check-text = يستغرق هذا لحظة.
check-unfinished-title = لم يكتمل تسجيل الدخول
check-unfinished-text = أغلق هذه النافذة وابدأ من جديد. إذا كنت قد أكملته فانتظر لحظة: ستتابع هذه الصفحة تلقائيًا.

inside-title = تُفتح هذه الصفحة داخل تطبيق
inside-text = هذه الصفحة جزء من منتج آخر ولا تعمل إلا فيه. عُد إلى التطبيق الذي أرسلك إلى هنا وابدأ من جديد.

token-missing = لم تُحدَّد نقطة نهاية الرموز: مرّر عنوانها إلى نص التضمين البرمجي.
token-relative = يجب أن يكون عنوان نقطة نهاية الرموز مطلقًا ويبدأ بـ https://.
token-unreachable = يتعذر الوصول إلى نقطة نهاية الرموز في { $host }، أو أنها لا تسمح لهذه الصفحة (CORS).
token-timed-out = لم تستجب نقطة نهاية الرموز في { $host } خلال 20 ثانية.
token-not-json = استجابت نقطة نهاية الرموز في { $host } بالحالة { $status } وبمحتوى ليس JSON.
token-empty = أعادت نقطة نهاية الرموز في { $host } استجابة فارغة.
token-unknown = استجابت نقطة نهاية الرموز في { $host } بالحالة { $status } دون جلسة.
token-no-session = لا تحتوي استجابة نقطة نهاية الرموز على معرّف الطلب.
token-timed-out-port = لم تسلّم الصفحة رمزًا خلال 20 ثانية.

start-resume-title = متابعة تسجيل الدخول
start-resume-button = المتابعة إلى { $service }
start-nothing-title = لا يوجد ما يمكن متابعته هنا
start-nothing = لا يوجد تسجيل دخول جارٍ في هذه النافذة. أغلقها وابدأ من جديد في التطبيق.
start-unknown-title = لم يعد تسجيل الدخول هذا معروفًا
start-unknown = أغلق هذه النافذة وابدأ من جديد في التطبيق.
start-spent-title = سبق فتح تسجيل الدخول هذا
start-spent = يمكن فتحه مرة واحدة فقط. ابحث عن النافذة الأخرى، أو ابدأ من جديد في التطبيق.
start-foreign-title = افتح هذا من التطبيق
start-foreign = لا يعمل هذا العنوان إلا عندما يفتحه التطبيق نفسه. إذا أرسله إليك أحد فلا تتابع.
start-return-title = عنوان العودة غير مسموح به
start-return-text = عنوان التطبيق ليس ضمن قائمة مشروعه. يمكن للقائمين على التطبيق إضافته في Latchkey.
start-expired-title = استغرق هذا وقتًا طويلاً
start-expired = أغلق هذه النافذة وابدأ من جديد في التطبيق.
start-failed-title = لم تُفتح صفحة تسجيل الدخول
start-failed = يتعذر الوصول إلى Latchkey حاليًا. أغلق هذه النافذة وحاول مرة أخرى في التطبيق.
start-close = إغلاق هذه النافذة
start-may-close = يمكنك إغلاق هذه النافذة.

confirm-wrong-code = هذا ليس الرمز الصحيح. انظر إلى النافذة الأولى وحاول مرة أخرى.
confirm-empty-code = أدخل الرمز المعروض في النافذة الأولى.
confirm-rejected-title = تم الإيقاف
confirm-rejected = لم يُربط أي شيء. إذا لم تبدأ هذا بنفسك فلا يلزمك فعل شيء آخر.
confirm-gone-title = انتهى تسجيل الدخول هذا
confirm-gone = أغلق هذه النافذة وابدأ من جديد في التطبيق.
confirm-failed = يتعذر الوصول إلى Latchkey حاليًا. حاول مرة أخرى.

link-loading = جارٍ قراءة الرابط
link-title = إعادة ربط { $service }
link-failed = لم يعد بإمكان { $app } استخدام حسابك في { $service }.
link-expiring = سينتهي قريبًا وصول { $app } إلى حسابك في { $service }.
link-account = سجّل الدخول هناك باسم { $account }
link-same = استخدم الحساب نفسه كما من قبل. يُرفض أي حساب آخر.
link-opening = جارٍ الفتح
link-closed-title = يمكنك إغلاق هذه النافذة
link-closed = تابع ما تريد فعله في { $app }.
link-used-title = تم ذلك
link-used = تمت إعادة الربط من قبل. لا يلزم فعل شيء.
link-over-title = لم يعد هذا الرابط يعمل
link-expired = انتهت صلاحية هذا الرابط. افتح التطبيق الذي أرسله وأعد الربط هناك.
link-deleted = حُذف الربط الذي يخصه هذا الرابط. افتح التطبيق الذي أرسله واربط هناك.
link-incomplete-title = هذا الرابط غير كامل
link-connect-title = ربط { $service } بـ { $app }
link-connect-any-title = ربط حساباتك بـ { $app }
link-manage-title = اتصالاتك مع { $app }
link-invited = يطلب منك { $inviter } ربط { $service } بـ { $app }.
link-invited-any = يطلب منك { $inviter } ربط حسابات بـ { $app }.
link-asked = يطلب منك { $app } ربط { $service }.
link-asked-any = يطلب منك { $app } ربط حسابات.
link-reconnect = يطلب منك { $app } إعادة ربط حسابك في { $service }.
link-of = اتصالات { $owner }
link-not-you = إن لم تكن أنت المقصود فلا تتابع: أغلق هذه الصفحة.
link-once = يعمل هذا الرابط مرة واحدة.
link-manage-lead = اطّلع على حساباتك التي يمكن لـ { $app } استخدامها، وأعد ربطها أو افصلها.
link-continue = المتابعة إلى { $service }
link-used-once = استُخدم هذا الرابط: الحساب مرتبط. لا يلزم فعل شيء.
link-revoked = سُحب هذا الرابط. اطلب رابطًا جديدًا ممن أرسله.
link-ended = انتهت صلاحية هذا الرابط. اطلب رابطًا جديدًا ممن أرسله.
link-back = العودة إلى { $app }
link-close = إغلاق هذه النافذة
link-incomplete = ينقص جزء من الرابط. افتحه كاملًا كما أُرسل إليك، أو اذهب إلى التطبيق الذي أرسله.

## One's own connections, in the modal and by a link

manage-title = اتصالاتك
manage-lead = يمكن لـ { $app } استخدام هذه الحسابات.
manage-lead-owner = يمكن لـ { $app } استخدام هذه الحسابات نيابةً عن { $owner }.
manage-loading = جارٍ قراءة اتصالاتك
manage-since = رُبط في { $date }
manage-used = آخر استخدام في { $date }
manage-unused = لم يُستخدم بعد
manage-state-operational = يعمل
manage-state-degraded = يعمل. يفشل تجديده حاليًا وستُعاد المحاولة.
manage-state-failed = لم يعد يعمل. أعد ربطه.
manage-state-unknown = لم يُتحقق منه بعد
manage-state-off = أوقفه { $app }
manage-reconnect = إعادة الربط
manage-disconnect = فصل
manage-disconnect-button = فصل { $service }
manage-more = عرض المزيد
manage-empty-title = لا توجد اتصالات بعد
manage-empty = ليس لـ { $app } وصول إلى أي من حساباتك.
manage-confirm-title = فصل { $service }؟
manage-confirm = لن يتمكن { $app } بعدها من استخدام حسابك هذا في { $service }. ما قرأه { $app } من قبل يبقى هناك.
manage-ending-revoked = يُطلب من { $service } إنهاء الوصول أيضًا.
manage-ending-kept = لا يمكن من هنا أن يُطلب من { $service } إنهاء الوصول. أزل { $app } أيضًا من إعدادات حسابك هناك.
manage-ending-shared = يبقى الوصول في { $service } لأن اتصالًا آخر يستخدمه، وينتهي مع آخر اتصال.
manage-ending-key = يبقى المفتاح صالحًا في { $service } إلى أن تحذفه هناك.
manage-disconnecting = جارٍ الفصل
manage-keep = إبقاء { $service }
manage-done-title = تم فصل { $service }
manage-done-text = لم يعد بإمكان { $app } استخدام حسابك هذا في { $service }.
manage-done-pending = يُطلب الآن من { $service } إنهاء الوصول.
manage-done-failed = تعذّر أن يُطلب من { $service } إنهاء الوصول. أزل { $app } من إعدادات حسابك هناك.
manage-back = عرض اتصالاتك
manage-gone-title = تم فصل { $service } من قبل
manage-gone = أُنهي هذا الربط في مكان آخر في هذه الأثناء. لا يلزم فعل شيء آخر.

problem-access-denied = لم يتم ربط { $service }: لم يُسمح بالوصول.
problem-account-changed = هذا حساب آخر في { $service } غير الحساب المرتبط سابقًا. سجّل الدخول بالحساب السابق أو أنشئ ربطًا جديدًا.
problem-account-unknown = لم يحدد { $service } هذا الحساب، لذلك بقي الربط كما كان. حاول مرة أخرى بعد دقيقة.
problem-address-unreachable = تعذر الوصول إلى { $service } على العنوان الذي أُدخل. تحقق من العنوان ثم حاول مرة أخرى.
problem-app-broken = رفض { $service } إعدادات هذا التطبيق. على القائمين على التطبيق التحقق منها.
problem-app-refused = رفض { $service } الطريقة التي يطلب بها هذا التطبيق الوصول. على القائمين على التطبيق مراجعة إعداداته هناك.
problem-cannot-confirm = يُربط { $service } برمز، وهذا التطبيق يؤكّد هوية من سجّل الدخول، وهو ما لا يُظهره الرمز. يمكن للقائمين على التطبيق تغيير ذلك.
problem-cannot-widen = لا يمكن السماح بالباقي من هنا. أعد ربط { $service } في التطبيق.
problem-choices-refused = لم يوضح { $service } ما يمكن لهذا الحساب استخدامه. سجّل الدخول بحساب آخر، أو اطلب الوصول من القائمين عليه لديك.
problem-choices-unexpected = ردّ { $service } بطريقة غير متوقعة. على القائمين على التطبيق التحقق من ذلك.
problem-code-expired = لم يعد { $service } يقبل تسجيل الدخول هذا. ابدأ من جديد.
problem-credential-refused = رفض { $service } هذه القيم. تحقق منها وحاول مرة أخرى.
problem-expired = استغرق تسجيل الدخول وقتًا طويلاً. ابدأ من جديد.
problem-field-errors = بعض القيم تحتاج إلى مراجعة.
problem-flow-expired = استغرق تسجيل الدخول هذا وقتًا طويلاً وانتهى. ابدأ من جديد في التطبيق.
problem-integration-changed = تغيرت طريقة تسجيل الدخول إلى { $service }. ابدأ من جديد في التطبيق.
problem-integration-not-offered = لا يمكن ربط { $service } هنا. يمكن للقائمين على التطبيق تفعيله.
problem-interrupted = انقطع تسجيل الدخول إلى { $service }. حاول مرة أخرى.
problem-link-revoked = سُحب الرابط. لم يُربط شيء.
problem-issuer-mismatch = لم تأتِ الاستجابة من { $service }. ابدأ من جديد؛ وإذا تكرر ذلك فأبلغ القائمين على التطبيق.
problem-less-access = منح { $service } هذه المرة أقل من السابق، لذلك بقي الربط كما كان. حاول مرة أخرى واترك كل المربعات محددة.
problem-login-required = يطلب { $service } تسجيل الدخول هناك أولاً. حاول مرة أخرى.
problem-no-verify-url = ليس للتطبيق عنوان لتأكيد عمليات تسجيل الدخول. يمكن للقائمين عليه تحديد عنوان.
problem-not-me = أفاد أحدهم بأن تسجيل الدخول هذا ليس له. لم يُربط أي شيء.
problem-nothing-to-choose = لا يوجد في { $service } ما يمكن لهذا الحساب استخدامه. سجّل الدخول بحساب آخر، أو اطلب الوصول من القائمين عليه لديك.
problem-provider-refused = رفض { $service } تسجيل الدخول.
problem-provider-unavailable = لم يستجب { $service } كما هو متوقع. حاول مرة أخرى بعد بضع دقائق.
problem-session-expired = انتهت جلسة الربط. ابدأ من جديد.
problem-session-used = سبق إنشاء ربط في هذه الجلسة. ابدأ من جديد في التطبيق.
problem-wrong-code = هذا ليس الرمز الصحيح. انظر إلى النافذة الأولى وحاول مرة أخرى.
problem-manage-not-allowed = لا يمكن إدارة الاتصالات هنا. استخدم التطبيق الذي جئت منه.
problem-other-project = هذا لا يخص هذا العنوان. ابدأ من جديد في التطبيق.
problem-too-many-reconnects = أُعيد الربط مرات كثيرة خلال ساعة واحدة. انتظر قليلًا ثم حاول مجددًا.
problem-too-many-flows = بدأت عمليات تسجيل دخول كثيرة من هذه النافذة. أغلقها وابدأ من جديد في التطبيق.

page-embed-title = ربط
page-embed-unknown-title = هذا العنوان غير مستخدم
page-embed-unknown-text = لا توجد نافذة ربط هنا لأي تطبيق على هذا الخادم. عُد إلى التطبيق؛ يجد من يديره العنوان الصحيح في وحدة التحكم ضمن Embed.
page-embed-later-text = لا يمكن فتح هذه النافذة الآن، وهي تعيد المحاولة تلقائيًا.
page-choose-title = اختر ما تريد ربطه
page-no-script = تحتاج هذه الصفحة إلى JavaScript. اسمح به لهذه الصفحة ثم أعد تحميلها.
page-frame-no-script = تحتاج هذه النافذة إلى JavaScript. اسمح به لهذه الصفحة ثم أعد تحميلها.

page-start-title = جارٍ فتح صفحة تسجيل الدخول
page-start-text = لحظة واحدة.
page-start-framed-title = تُفتح هذه الصفحة في نافذة مستقلة
page-start-framed-text = لا يمكن عرضها داخل صفحة أخرى. عُد إلى التطبيق وابدأ من جديد.

page-confirm-window-title = ربط { $service } بـ { $app }
page-confirm-title = هل تسجيل الدخول هذا لك؟
page-confirm-lead = يطلب { $app } ربط { $service }.
page-confirm-owner = تابع لـ
page-confirm-origin = أتيت من
page-confirm-started = بدأ في
page-confirm-code = الرمز المعروض في النافذة الأولى
page-confirm-hint = إذا لم تبدأ هذا للتو في { $app } فاختر «لست أنا».
page-confirm-continue = المتابعة إلى { $service }
page-confirm-refuse = لست أنا
page-confirm-nothing-title = لا يوجد ما يحتاج إلى تأكيد هنا
page-confirm-nothing-text = انتهى تسجيل الدخول هذا، أو بدأ في متصفح آخر. عُد إلى التطبيق وابدأ من جديد.

page-done-account = الحساب
page-done-app = التطبيق
page-done-success-title = تم ربط { $service }
page-done-success-text = يتابع { $app } تلقائيًا.
page-done-failure-title = لم يتم ربط { $service }
page-done-failure-text = حدث خطأ أثناء العملية. لم يُحفظ أي شيء. ابدأ من جديد في التطبيق.
page-done-cancelled-title = لم يُربط أي شيء
page-done-cancelled-text = أُوقف تسجيل الدخول. ليس لدى { $app } أي وصول.
page-done-verifying-title = بقيت خطوة واحدة
page-done-verifying-text = يجب أن يؤكد { $app } أنك أنت من قام بذلك.
page-done-pending-title = لم يتم ربط { $service } بعد
page-done-pending-text = ما زال تسجيل الدخول جاريًا. أكمله في النافذة المفتوحة، وستعرض هذه الصفحة النتيجة بعد ذلك. إذا لم تعد تلك النافذة موجودة فابدأ من جديد في { $app }.
page-done-neutral-title = انتهى تسجيل الدخول هذا
page-done-neutral-text = تظهر النتيجة في التطبيق الذي بدأ منه.
page-done-back = العودة إلى { $app }

page-callback-no-app-title = هذا العنوان غير مستخدم
page-callback-no-app-text = عنوان إعادة التوجيه لدى الخدمة لا يخص أي تطبيق على هذا الخادم. على من يدير التطبيق مقارنته مع `latchkey apps list`.
page-callback-incomplete-title = هذا العنوان غير مكتمل
page-callback-incomplete-text = عُد إلى التطبيق وابدأ تسجيل الدخول من جديد هناك.
page-callback-later-title = لحظة واحدة
page-callback-later-text = لا يمكن إتمام تسجيل الدخول الآن. تعيد هذه الصفحة المحاولة تلقائيًا.
page-callback-put-back-text = لا يمكن إتمام تسجيل الدخول إلى { $service } الآن. لم يُفقد أي شيء؛ تعيد هذه الصفحة المحاولة تلقائيًا.
page-callback-failed-title = حدث خطأ من جانبنا
page-callback-failed-text = عُد إلى التطبيق وابدأ تسجيل الدخول من جديد هناك.
page-callback-unknown-title = تسجيل الدخول هذا غير معروف هنا
page-callback-unknown-text = عُد إلى التطبيق وابدأ تسجيل الدخول من جديد هناك.
page-callback-other-browser-title = بدأ تسجيل الدخول هذا في متصفح آخر
page-callback-other-browser-text = لم يُربط أي شيء. عُد إلى التطبيق، في المتصفح الذي تستخدمه فيه، وابدأ من جديد هناك.
page-callback-over-title = انتهى تسجيل الدخول هذا
page-callback-over-text = استغرق وقتًا طويلاً أو أُغلق. عُد إلى التطبيق وابدأ من جديد هناك.
