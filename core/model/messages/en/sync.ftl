# Texts of sync and the server. Each says what happened, whether data is safe,
# and what to do next.

## The whole request was refused (problem-<code>)

problem-bad-request = The server could not read this request; your data is still on the phone. Update the app and try again, or tell the administrator.
problem-session-required = The session has expired; the app signs in again by itself.
problem-bad-signature = The device signature is wrong, so this phone cannot be recognised. Ask the administrator to enrol it again; your data is still on the phone.
problem-enrolment-code-invalid = The enrolment code is wrong or was used before. Ask the administrator for a new one.
problem-enrolment-code-expired = The enrolment code has expired (it is good for 15 minutes). Ask the administrator for a new one.
problem-device-revoked = This phone has been switched off. Unsent data is still on it; speak to the administrator.
problem-device-unknown = The server does not know this phone. Ask the administrator to enrol it again; unsent data is still on it.
problem-person-inactive = Your account is not active. Speak to the administrator; unsent data is still on the phone.
problem-out-of-scope = This grid is not yours. If duties have just changed, sync again, or speak to the administrator.
problem-manifest-signature-invalid = The signature of the upload is wrong; nothing was taken and nothing was changed. Try again, or tell the administrator.
problem-manifest-items-mismatch = The upload is not what was signed; nothing was taken. Try again: the app packs it anew.
problem-manifest-device-mismatch = The upload was signed by another phone; nothing was taken. Tell the administrator.
problem-manifest-replayed = This upload number was used before with other content. The phone's data may have been copied; the app takes a new number and sends again.
problem-server-epoch-changed = The server was restored from a backup; the app compares and sends again. Please wait.
problem-protocol-unsupported = The app is too old or too new for this server. Update the app; unsent data is still on the phone.
problem-body-too-large = The upload is too large. The app sends it in parts; if that fails, tell the administrator.
problem-too-many-items = The upload has too many items. The app sends it in parts; if that fails, tell the administrator.
problem-not-found = There is no such address or record. Check the server address; the record may have been moved.
problem-too-many-requests = Too many attempts. Wait a few minutes and try again.
problem-unavailable = The server is busy or restarting; the app tries again by itself and your data is still on the phone.
problem-quarantine-full = The server keeps too many changes of this phone apart already and took nothing more. Your data is still on the phone; ask the administrator to look through them.
problem-internal = The server failed and changed nothing. The app tries again; if it goes on, tell the administrator the time.

## One item was quarantined (quarantine-<code>)

quarantine-too-large = This change is too large and was not applied; it is kept as it is. Enter the content in several steps.
quarantine-not-a-change = This is not a proper change; it is kept as it is for the administrator to look at.
quarantine-hash-mismatch = This item was damaged on the way; it is kept as it is. The phone sends it again.
quarantine-too-many-ops = This change has too many operations; it is kept as it is for the administrator to look at.
quarantine-malformed = This item is damaged and cannot be read; it is kept as it is for the administrator to look at.
quarantine-other-actor = This change was not made by this phone and was not applied; it is kept as it is for the administrator to look at.
quarantine-seq-gap = Changes before this one have not arrived; it is kept as it is. The phone sends them.
quarantine-actor-fork = Two different changes carry one number; the phone's data may have been copied. Both are kept.
quarantine-missing-deps = This change builds on something the server has not received; it is kept as it is. The phone sends it.
quarantine-op-numbers = This change is numbered strangely and was not applied; it is kept as it is for the administrator to look at.
quarantine-structure = This change would damage the record's structure and was not applied; it is kept as it is for the administrator to look at.
quarantine-authority = Only the server writes this field; the change was not applied and is kept as it is. File a request in the workflow instead.
quarantine-request = A request is filed whole and not changed afterwards; the change was not applied and is kept as it is. File another request.
quarantine-field = One value does not fit its field; the change was not applied and is kept as it is. Correct it and save again.
quarantine-record-full = The record's history is too long; the change was not applied and is kept as it is. Ask the administrator to start a new file.
quarantine-out-of-scope = This record is not in your grid; your change has arrived and waits for the grid head or community to let it in.
quarantine-under-review = This record moved to another grid, or you no longer work in its grid. Your change has arrived and waits for review; it is not lost.
quarantine-review-refused = Your change was reviewed and not taken over; the detail says why. It is still on this phone and can be taken back.
quarantine-erased = This record was erased by law; the copy on the phone is deleted too.
quarantine-stale-record-epoch = This record was rebuilt; make the edit again on the new content. The old change is kept.

## One value is not acceptable (field-<code>)

field-unknown = There is no such field. Update the app.
field-wrong-type = The value is of the wrong type; enter it again.
field-too-long = The text is too long: { $max } characters at most. Shorten it.
field-bad-characters = The text holds characters that cannot be shown; remove them and type again.
field-not-a-choice = Choose one of the list.
field-out-of-range = The number must be between { $min } and { $max }.
field-not-a-date = Not a date; write year-month-day, such as 2026-03-01.
field-not-a-phone-number = Not a phone number. A mobile number has 11 digits; a landline needs its area code.
field-not-a-citizen-id = Not a citizen identity number; compare every character with the card.
field-not-a-number = This is not a number; enter it again.
field-not-a-record-id = There is no such record; choose it again.
field-not-a-credit-code = This is not a unified social credit code. Compare all 18 characters with the licence.
field-not-a-permit-number = This is not the number of a permit or passport. Compare letters and digits with the document.
field-not-a-code = A code has letters, digits and hyphens only. Check it and enter it again.
field-not-a-sha256 = The photo’s mark is wrong. Take the photo again.
field-server-owned = The server writes this field; it cannot be changed directly.

## A sync did not end well (sync-<code>)

sync-not-enrolled = This phone is not enrolled yet. Scan the enrolment code the administrator gives you.
sync-busy = A sync is running; please wait.
sync-cancelled = The sync was stopped. What has not arrived is still on the phone; the next sync goes on.
sync-offline = The server cannot be reached. The data is on the phone and is synced when there is a network.
sync-address-refused = This server address cannot be used: it must be https with a certificate fingerprint. Ask the administrator for a new enrolment code.
sync-other-certificate = The server's certificate is not the one this phone was enrolled with; someone may be posing as the server. The connection was stopped and nothing was sent. Tell the administrator.
sync-session-refused = The server does not accept this phone's signature. Unsent data is still on the phone; ask the administrator to enrol it again.
sync-bad-answer = The server's answer makes no sense and was not used. The data is still on the phone. Try again later; if it goes on, tell the administrator.
sync-feed-signature = News came without the server's signature and were not used. Tell the administrator.
sync-key-unavailable = The phone's key cannot be used now. Unlock the phone and try again; if it goes on, ask the administrator to enrol it again.
sync-too-many-rounds = This sync took too many rounds and was stopped. What has arrived is kept. Sync again later; if it goes on, tell the administrator.
sync-store = The phone's database failed and the sync was stopped. See whether the phone is full and try again; if it goes on, tell the administrator and do not uninstall the app.
sync-internal = The app failed inside and the sync was stopped; the data is still on the phone. Open the app again and retry; if it goes on, tell the administrator.

## The phone's storage (store-code)

store-busy = The app is already open elsewhere; only one place can use this data at a time. Please close the other one (or swipe the app away) and open it again; nothing was changed.
store-full = The phone is full and this was not saved; the form still has what you typed. Please delete some photos or unused apps, at least 50 MB, and save again.
store-read-only = The phone's storage can only be read at the moment and this was not saved. Please restart the phone; if it goes on, tell the administrator and do not uninstall the app.
store-rebuilt = The phone's data file was damaged and the app has put a new one in its place. Everything unsent was kept; the rest comes back with the next sync. Please do it once more, and sync soon.
store-newer-data = This data was written by a newer version of the app. Please update the app and open it again; nothing was changed.
store-wrong-key = The phone's key does not open the data. Please do not uninstall the app; tell the administrator first.
store-record-damaged = This record is damaged on the phone and will be fetched again; what you have not sent was kept. Please sync first.
store-damaged = Something in the phone's data cannot be understood. Please sync and try again; if it goes on, tell the administrator and do not uninstall the app.
store-recovery = On { $at } the phone's data file was found damaged, and the app has put a new one in its place. All { $unsent } unsent changes were kept; the rest comes back with the next sync. Please sync soon; if this happens again the phone's storage may be worn out: please replace the phone.

## The three states of a record

state-on-phone = On this phone
state-at-server = At the server
state-needs-attention = Needs attention

## An enrolment link cannot be used (enrolment-link-<code>)

enrolment-link-other-link = This is not an enrolment code of this system. Scan the QR code the administrator gives you.
enrolment-link-incomplete = The enrolment code is incomplete. Scan it again, or ask the administrator for a new one.

## Moving a member (member-move-code)

member-move-no-such-member = This household has no such member. Refresh and choose again.
member-move-has-left = This member has already left the household.
member-move-is-there = This member already belongs to the household to move to.
member-move-same-household = Both households are the same. Choose another one.
member-move-before-joining = The day lies before the member joined. Check the day.

## Possible duplicates (duplicate-reason)

duplicate-standard-address = Same standard address key
duplicate-address = Same address
duplicate-identity-number = Same identity number
duplicate-name-and-birth = Same name and birth date
duplicate-credit-code = Same credit code
duplicate-place-name = Same name of a place

## Checking a form (form-code)

form-missing = This is to be filled in.
form-too-short = Too short: at least { $min } characters.
form-day-outside = The day is out of bounds ({ $earliest } to { $latest }). Check it.
form-not-whole = Enter a whole number.

## What does not fit together (record-problem-code)

record-problem-guardian-missing = Under 14: enter the guardian.
record-problem-guardian-unknown = The guardian chosen no longer belongs to the household. Choose another, or enter a name.
record-problem-birth-differs = The birth date is another than in the identity number. Compare it with the card.
record-problem-sex-differs = The sex is another than in the identity number. Compare it with the card.
record-problem-permit-differs = The number has not the shape of the document chosen. Check both.
record-problem-same-person-twice = Two members have the same number. Is somebody registered twice?
record-problem-end-before-start = The end lies before the beginning. Check the dates.
record-problem-in-the-future = The day lies after today. Check it.
record-problem-point-outside = The position lies outside of China or is incomplete. Take it again.

## Mistakes in a collection list (collection-list-code)

collection-list-malformed = This is no collection list: something is wrong near line { $place }: { $detail }
collection-list-too-large = The collection list is too large. Shorten it.
collection-list-too-many = { $place }: none, or too many.
collection-list-text = { $place }: a text is missing in one of the languages, or too long.
collection-list-unfounded = { $place }: say what it is collected for and on what legal basis.
collection-list-unknown-field = { $place }: there is no field { $detail }.
collection-list-name = { $place }, { $detail }: a name has letters, digits and underscores, and is used once.
collection-list-bounds = { $place }: nothing can fit these bounds.
collection-list-choices = { $place }: choices are missing, double or too many.
collection-list-depth = { $place }: conditions lie too deep inside each other.
collection-list-area = { $place }, { $detail }: an area is the first digits of a grid code.
