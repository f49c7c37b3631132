# The texts of the console's pages.

## On every page

console-product = Wangge
console-product-long = Grid field records
console-skip = Skip to content
console-nav = Main navigation
console-nav-home = Overview
console-nav-households = Households
console-nav-places = Places
console-nav-visits = Visits
console-nav-incidents = Incidents
console-nav-conflicts = To settle
console-nav-devices = Devices
console-nav-review = Review
console-nav-quarantine = Quarantine
console-tools = Display settings
console-language-other = 中文
console-type-large = Large type
console-type-normal = Normal type
console-sign-out = Sign out
console-signed-in-as = Signed in: { $name }
console-footer = Every look at a full identity or phone number is recorded.
console-label = { $name }:
console-not-recorded = Not recorded
console-unknown-person = Unknown person
console-server = Server
console-yes = Yes
console-no = No
console-search = Search
console-reset = Clear
console-keyword = Keyword
console-grid = Grid
console-in-grid = Grid: { $name }
console-all-grids = All grids
console-total = { $count } in total
console-page-of = Page { $page } of { $pages }
console-pager = Pages
console-previous = Previous
console-next = Next
console-back = Back
console-actions = Actions
console-back-home = Back to the overview

## Sign-in

console-sign-in-title = Sign in
console-username = User name
console-password = Password
console-sign-in-button = Sign in
console-sign-in-help = Your administrator opens accounts and resets forgotten passwords.
console-sign-in-error-wrong = The user name or the password is wrong.
console-sign-in-error-wait = Too many attempts. Try again in { $seconds } seconds.
console-sign-in-error-locked = This account had too many wrong passwords in a row and is closed for sign-in. Ask your administrator for a new password.
console-sign-in-error-form = The page was open for too long. Please sign in again.
console-signed-out = You are signed out.
console-session-expired = Your session ended after 30 minutes without activity. Please sign in again.

## Overview

console-home-title = Overview
console-home-empty = No grid is assigned to you yet. Ask your administrator.
console-home-by-grid = By grid
console-households = Households
console-visits = Visits
console-incidents = Incidents
console-places = Places
console-conflicts = To settle
console-reviews = To review
console-quarantined = Quarantined
console-last-sync = Last sync
console-never = Never
console-home-conflicts-help = Two people changed the same field at once; somebody has to choose
console-home-review-help = Edits that came after a grid changed
console-home-quarantine-help = Not applied by the server and kept as it came
console-grid-code = Grid code

## Households

console-households-title = Households
console-households-search-help = Address, name, phone or notes
console-household-none = No household matches.
console-places-title = Places
console-places-search-help = Name, address, contact, phone or credit code
console-place-none = No place fits.
console-place-name = Name
console-place-kind = Kind
console-place-state = State
console-visited = Visited
console-name-missing = (no name)
console-address = Address
console-contact = Contact
console-phone = Phone
console-ledger = Ledger
console-member-count = Residents
console-edited-at = Last edited
console-conflict-badge = { $count } to settle
console-only-conflicts = Only those to settle
console-address-missing = (no address)

## Visits and incidents

console-visits-title = Visits
console-visits-search-help = Person met or diary
console-visit-none = No visit matches.
console-visit-kind = Kind
console-visit-result = Result
console-person-met = Person met
console-household = Household
console-started-at = Started
console-incidents-title = Incidents
console-incidents-search-help = Title, place, number or description
console-incident-none = No incident matches.
console-incident-title = Title
console-incident-number = Number
console-urgency = Urgency
console-case-state = State
console-occurred-at = Happened
console-title-missing = (no title)

## Records to settle

console-conflicts-page-title = To settle
console-conflicts-page-lead = Records in which two people changed the same field without knowing of each other. Open one, check and choose.
console-conflicts-none = Nothing to settle.
console-record-title = Record
console-record-kind = Kind

## One record

console-group-main = General
console-group-address = Address
console-group-contact = Contact
console-group-dwelling = Dwelling
console-group-handover = Visit handed over
console-group-point = Position (WGS-84)
console-group-case = Case
console-group-checks = Checks
console-group-other = Other (written by a newer version)
console-group-extra = Added by the collection list
console-problems-title = To be checked
console-problems-lead = What the collection list asks for and is empty, or what does not fit together.
console-group-members = Members
console-group-labels = Care labels
console-group-links = Service links
console-group-hazards = Hazards
console-group-opinions = Opinions
console-group-promises = Promises
console-group-photos = Photos
console-group-parties = People concerned
console-group-empty = Nothing here.
console-left = Left
console-field-conflicted = To settle
console-show = Show
console-show-help = Showing the full value records your name, the time and the reason.
console-show-reason = Reason
console-show-reason-hint = e.g. verify identity, call back
console-show-button = Record and show
console-show-reason-missing = Please give a reason (2 to 100 characters).
console-shown-notice = The full value of “{ $field }” is shown and the look recorded. It is hidden again once you reload or leave this page.
console-record-facts = About this record
console-record-id = Record id
console-related-visits = Visits
console-related-incidents = Related incidents
console-related-none = None yet.
console-download-automerge = Download the Automerge file
console-conflicts-title = Values to settle
console-conflicts-lead = Two people changed these fields differently without knowing of each other. Both values are kept. Check which is right and choose it; every phone will receive the result.
console-conflict-choose = Choose
console-conflict-shown-now = Shown now
console-conflict-cleared = (cleared)
console-conflict-time = Entered (phone’s time)
console-conflict-settled = “{ $field }” is settled. Phones take it over at their next sync.
console-conflict-gone = “{ $field }” was settled or changed again in the meantime. Please look at it once more.
console-conflict-cannot-settle = Not saved: { $reason }
console-conflict-server-owned = The server writes this field; it cannot be chosen here.
console-history-title = History
console-history-lead = Persons and devices are verified by the server. Times are the phone’s; the time the server received a change stands below.
console-history-none = No changes yet.
console-history-when = When
console-history-who = Who
console-history-device = Device
console-history-what = What
console-history-received = Received: { $time }
console-history-more = { $count } more
console-history-cleared = Cleared
console-history-console = Console

## Devices

console-devices-title = Devices
console-devices-lead = Enrolled phones. Revoke a phone that is lost or whose user has left: it can no longer sync or sign in.
console-devices-none = No device is enrolled yet. An administrator issues enrolment codes on the command line.
console-device-name = Device
console-device-person = Person
console-device-enrolled = Enrolled
console-device-last-seen = Last sync
console-device-app-version = App version
console-device-state = State
console-device-active = In use
console-device-revoked = Revoked
console-device-revoke = Revoke
console-device-revoke-confirm = “{ $name }” will be unable to sync at once. What it has not sent stays on the phone. Revoke it?
console-device-revoke-button = Revoke this device
console-device-revoked-notice = “{ $name }” is revoked.

## Quarantine

console-quarantine-title = Quarantine
console-quarantine-lead = Whatever the server did not apply is kept here as it came; nothing is lost. Read the reason, let it in if it is right, or mark it as seen.
console-quarantine-none = The quarantine is empty.
console-quarantine-reason = Reason
console-quarantine-from = From
console-quarantine-received = Received
console-quarantine-state = State
console-quarantine-new = New
console-quarantine-seen = Seen
console-quarantine-seen-by = Marked as seen by { $name } at { $time }
console-quarantine-item-title = Quarantined item
console-quarantine-kind = Kind of record
console-quarantine-record = Record
console-quarantine-code = Reason code
console-quarantine-detail = Detail
console-quarantine-hash = Change
console-quarantine-size = Size
console-quarantine-bytes = { $count } bytes
console-quarantine-download = Download the raw content
console-quarantine-mark-seen = Mark as seen
console-quarantine-marked = Marked as seen.
console-quarantine-accept = Let it in
console-quarantine-accepted = Let in
console-quarantine-refused = It still does not fit the record; nothing was changed.
console-quarantine-no-record = The server has no such record

## Error pages

console-error-not-found-title = Not found
console-error-not-found = There is no such page or record, or it lies outside your area. Check the address or start again from the overview.
console-error-forbidden-title = Not allowed
console-error-forbidden = Your role does not allow this. Ask your administrator if you need it.
console-error-forgery-title = The request was not accepted
console-error-forgery = It could not be confirmed that this form came from this site. Nothing was changed. Go back, reload the page and try again.
console-error-bad-request-title = Something is wrong with the form
console-error-bad-request = The server could not read what was sent. Nothing was changed. Go back and try again.
console-error-too-large-title = Too much was sent
console-error-too-large = Nothing was changed. Send less and try again.
console-error-busy-title = The server is busy
console-error-busy = Nothing was changed. Try again in a few seconds.
console-error-internal-title = Server error
console-error-internal = Nothing was changed. Try again later; if it goes on, tell your administrator the number below.
console-error-reference = Number: { $id }

## Review inbox

console-review-title = Late edits to review
console-review-lead = Edits that arrived after the record moved to another grid, or after the person had left the grid. They were neither merged nor dropped; you decide.
console-review-none = Nothing waits for review.
console-review-item-title = Review a late edit
console-review-waiting = Waits for review
console-review-record = Record
console-review-new-record = (new record)
console-review-kind = Kind
console-review-from = From
console-review-received = Received
console-review-changes = Changes
console-review-other-grid = A grid outside your area
console-review-open-record = Open the record
console-review-fields = What would change
console-review-fields-lead = Values that others entered meanwhile are not overwritten; they are listed as conflicts.
console-review-field = Field
console-review-now = Now
console-review-late = Late edit
console-review-decide = Decide
console-review-decide-lead = The author’s phone learns of it at its next sync.
console-review-accept = Accept into the record
console-review-refuse = Refuse
console-review-reason = Reason for refusing (the author sees it)
console-review-reason-missing = Please say why you refuse it; the author sees the reason.
console-review-unfit = These edits no longer fit the record and cannot be accepted. You can refuse them with a reason.
console-review-accepted = Accepted. The author’s phone learns of it at its next sync.
console-review-refused = Refused. The author’s phone shows the reason after its next sync.
console-review-not-yours = The record is outside your area; whoever is responsible for its grid decides.

## Coverage

console-nav-coverage = Coverage
console-nav-campaigns = Campaigns
console-nav-rules = Visit rules
console-share = { $count } ({ $percent }%)
console-visits-behind = The latest visits are being counted; reload in a moment to see them.
console-coverage-title = Coverage
console-coverage-lead = Households of each grid with a visit that counts in the chosen month, its quarter and its year.
console-coverage-month = Month
console-coverage-none = There is no grid of yours to count yet.
console-coverage-in-month = Visited this month
console-coverage-in-quarter = Visited this quarter
console-coverage-in-year = Visited this year
console-coverage-sum = Together

## Campaigns

console-campaigns-title = Campaigns
console-campaigns-lead = Households a supervisor wants visited by a day. Phones hear of them with their next sync and put them into the day's plan.
console-campaigns-none = There is no campaign yet.
console-campaign-new = New campaign
console-campaign-new-lead = Say what the visits are about, then choose the households. You can see how many those are before you publish.
console-campaign-what = What about
console-campaign-whom = Whom
console-campaign-whom-lead = Households in grids whose visits you may arrange. The list is fixed when you publish; households registered later do not join it.
console-campaign-title = Title
console-campaign-kind = Kind of visit
console-campaign-days = Days
console-campaign-from-to = { $from } to { $to }
console-campaign-starts-on = First day
console-campaign-ends-on = Last day
console-campaign-note = Note
console-campaign-checks = What to check
console-campaign-checks-help = One a line, 30 at most.
console-campaign-node = Where
console-campaign-node-all = All your grids
console-campaign-ledger = Ledger
console-campaign-ledger-all = All
console-campaign-unvisited = Not visited yet
console-campaign-unvisited-all = Either way
console-campaign-unvisited-month = Not visited this month
console-campaign-unvisited-quarter = Not visited this quarter
console-campaign-unvisited-year = Not visited this year
console-campaign-make = Publish
console-campaign-count = Count households
console-campaign-counted = { $count } households fit.
console-campaign-made-notice = Published, { $count } households. Phones get it with their next sync.
console-campaign-state = State
console-campaign-open = Under way
console-campaign-coming = Not begun
console-campaign-over = Past its last day
console-campaign-closed = Closed
console-campaign-by = Made by
console-campaign-done = Done
console-campaign-left = Left
console-campaign-by-grid = By grid
console-campaign-close = Close this campaign
console-campaign-close-confirm = Phones stop asking for these households; what was counted stays. A closed campaign cannot be opened again.
console-campaign-close-button = Close
console-campaign-closed-notice = Closed. Phones stop asking with their next sync.

## Visit rules

console-rules-title = Visit rules
console-rules-lead = How often to visit whom, and which visits count. A place without rules of its own uses those of the nearest place above; where there are none, those built in.
console-rules-place = Place
console-rules-open = Open
console-rules-none = None of your places has rules of its own; they use those above them or those built in.
console-rules-edition = Edition
console-rules-by = Published by
console-rules-by-command = the command line
console-rules-at = Published at
console-rules-own = Its own rules
console-rules-above = Rules of { $name }
console-rules-built-in = Built-in rules
console-rules-edit-lead = Publish when you are done: phones follow with their next sync, and past visits are counted again by the new figures.
console-rules-read-lead = You may read these; the county platform or an administrator changes them.
console-rules-validity = Which visits count
console-rules-validity-lead = A visit that does not count is kept all the same.
console-rules-how-often = How often
console-rules-how-often-lead = Open a rule to change it. To add one, fill in one of the empty ones at the end.
console-rules-new-rule = Add a rule
console-rules-inactive = not in force
console-rules-zh = Name in Chinese
console-rules-en = Name in English
console-rules-id = Id (small letters, digits, underscore)
console-rules-group = Whom
console-rules-unit = What is counted
console-rules-period = Period
console-rules-count = How many
console-rules-scope = Kind of grid
console-rules-priority = Priority (1 goes first)
console-rules-source = Source
console-rules-active = In force
console-rules-remove = Remove this rule
console-rules-publish = Publish
console-rules-withdraw = Withdraw these rules
console-rules-withdraw-confirm = The rules of a place above or those built in hold again. All editions are kept and can be read at the command line.
console-rules-withdraw-button = Withdraw
console-rules-editions = Editions
console-rules-published-notice = Published. Phones follow with their next sync; visits are being counted again.
console-rules-withdrawn-notice = Withdrawn; the rules of a place above or those built in hold again.
console-rules-same-notice = Nothing changed, so there is no new edition.
console-rules-changed-meanwhile = Somebody else published an edition while you were typing. Compare, fill in again and publish.
console-rules-newer = A newer version published these rules; this server does not know all of them and cannot change them. Upgrade the server first.
console-rules-number = “{ $what }” must be a whole number; please correct it.
console-rules-rule-number = “{ $what }” of rule { $place } is not right; please correct it.

console-nav-cases = Cases
console-cases-title = Cases
console-cases-queue = Queue
console-cases-queue-community = Community desk
console-cases-queue-street = Street desk
console-cases-queue-county = County desk
console-cases-queue-units = Of my units
console-cases-queue-all = All
console-cases-open = Not over
console-cases-any-light = Any
console-cases-none = There is no such case.
console-cases-more = Counted up to { $count }; narrow the list to see more.
console-case-light = Light
console-case-class = Class
console-case-class-help = Begins with, e.g. 40
console-case-level = Level
console-case-done = Done: { $verb }.
console-case-pending = Pending
console-case-accepted = Accepted
console-case-by-system = By itself
console-case-clock-stopped = The clock stands
console-case-open-record = Open the record
console-case-act = What you can do
console-case-act-none = There is nothing for you to do now.
console-case-unit = Unit
console-case-unit-more = Another unit (optional)
console-case-choose = Choose
console-case-joint = Unit whistled for
console-case-into = Number of the incident it is a duplicate of
console-case-days = Working days
console-case-stars = Stars
console-case-card = Card
console-case-agreed = Agree
console-case-yes = Yes
console-case-no = No
console-case-text = Reason or result
console-case-others = What you cannot do, and why
console-case-timeline = What was decided
console-case-timeline-none = Nothing was decided yet.
console-case-when = When
console-case-what = What
console-case-who = Who
console-case-about = Unit
console-case-said = Remark
console-case-then = Then
console-case-requests = Asked for from phones
console-case-outcome = Answer
