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
console-incident-source = Source
console-all-sources = All sources
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

## Hazards

hazard-state-open = Not fixed
hazard-state-fixed = To be checked again
hazard-state-closed = Gone
console-hazards-title = What to do about hazards
console-hazards-lead = A hazard that was found can be reported as an incident. Once fixed it is checked again, and is off the list when somebody saw that it is gone.
console-hazard = Hazard
console-hazard-state = How far
console-hazard-incident = Incident
console-hazard-due = To be checked again
console-hazard-is-due = Check it now
console-hazard-act = What to do
console-hazard-report = Report as an incident
console-hazard-recheck = Note a second check
console-hazard-recheck-result = What was found
console-hazard-recheck-on = Day (today if empty)
console-hazard-recheck-button = Save
console-hazard-reported-notice = It was reported as an incident.
console-hazard-known-notice = This hazard was reported before; it was not reported again.
console-hazard-checked-notice = The second check was noted.
console-hazard-unfit = Nothing was noted: choose what was found, on a day that is not later than today.

## Restricted follow-up

console-nav-follow-up-marks = Follow-ups
console-follow-up-title = Restricted follow-ups
console-follow-up-lead = One named worker is to visit somebody. Only that worker and the officer who ordered it see it. It is in no file, list, search or export and on no phone, and every look is kept in the audit list.
console-follow-up-none = No follow-up names you or was ordered by you.
console-follow-up-one = Restricted follow-up
console-follow-up-sealed = Only the named worker and the officer who ordered it see this page; this look was noted.
console-follow-up-new = Order a restricted follow-up
console-follow-up-new-lead = Say what is to be done and which law allows it, not why. It is deleted when it ends.
console-follow-up-member = Whom
console-follow-up-household = The whole household
console-follow-up-assignee = Named worker
console-follow-up-choose = Choose somebody
console-follow-up-officer = Ordered by
console-follow-up-rule = How often
console-follow-up-rule-is = { $count } times { $period }
console-follow-up-period = Period
console-follow-up-count = Visits in each period
console-follow-up-made = Visited in this period
console-follow-up-not-visited = Not visited in this period yet
console-follow-up-met = As asked
console-follow-up-not-met = Not as often as asked
console-follow-up-ends-on = Until
console-follow-up-basis = Legal basis
console-follow-up-note = Note
console-follow-up-note-help = Only the named worker and you see it. Write nothing about crime, health, religion or ethnicity.
console-follow-up-order = Order it
console-follow-up-ordered-notice = It is ordered. The named worker sees it after signing in to the console.
console-follow-up-end = End the follow-up
console-follow-up-end-confirm = It is deleted at once and cannot be brought back.
console-follow-up-end-button = End and delete
console-follow-up-ended-notice = The follow-up was ended and deleted.
console-follow-up-counts = How many in each grid
console-follow-up-counts-lead = Figures only, without anybody or anything in them.
console-follow-up-counts-none = There is none in the grids you assess.
console-follow-up-marks = Follow-ups
follow-up-mark-basis = Name the legal basis in 2 to 200 characters.
follow-up-mark-note = The note is too long; keep it within 500 characters.
follow-up-mark-days = The last day must not lie before the first or before today, nor more than a year later. Change the days.
follow-up-mark-count = Choose a period and 1 to 31 visits in each.
follow-up-mark-assignee = Choose somebody from the list who works in that grid.

## Surveys

console-nav-surveys = Surveys
console-export = Export
console-surveys-title = Surveys of needs and satisfaction
console-surveys-lead = Asked on visits. Results are numbers only; who answered what is not shown.
console-surveys-none = There is no survey.
console-survey-new = New survey
console-survey-new-lead = Phones of the grids in its area get it with their next sync; it is filled in on visits.
console-survey-title = Name
console-survey-node = Area
console-survey-node-missing = Choose an area in which you may publish.
console-survey-questions = Questions
console-survey-questions-help = One question a line, its answers behind bars, for example "Do you need meals brought | yes | no". Without answers it asks for satisfaction in five steps; with a * in front several may be chosen. Ask nothing about crime, health, religion or ethnicity.
console-survey-note = What to say when asking
console-survey-make = Publish
console-survey-made-notice = It is published; phones ask it after their next sync.
console-survey-question = Question
console-survey-answer = Answer
console-survey-chosen = Chosen by
console-survey-sheets = Sheets
console-survey-too-few = Fewer than 5 sheets: results are not shown yet, so that nobody can be guessed.
console-survey-counted = These are the results of { $counted } sheets of { $sheets }; grids with fewer than 5 sheets are left out.
console-survey-by-grid = Sheets of each grid
console-survey-close = End the survey
console-survey-close-confirm = Phones no longer ask it; the results stay.
console-survey-close-button = End it
console-survey-closed-notice = The survey has ended.

## What was handed in, figures, screenings

console-nav-work = Handed in
console-nav-figures = Figures
console-nav-screenings = Screenings
console-work-title = What was handed in
console-work-of-day = Handed in on { $day }
console-work-period = Sum
console-work-day = Of a day
console-work-week = Of a week
console-work-month = Of a month
console-work-on = Day
console-work-show = Show
console-work-none = There is no grid you may see this of.
console-work-silent-count = Of { $count } workers nothing came. Ask them why.
console-work-silent = Nothing came
console-work-other = Not of this grid
console-work-handed-in = Handed in, by grid
console-work-person = Person
console-work-days = Days
console-work-last-seen = Phone last came
console-work-never = Never
console-matters-title = Sums and open matters
console-matters-lead = For meetings of staff and residents; to be printed.
console-matters-visited = Households visited
console-matters-demands = Open demands
console-matters-overdue = Overdue follow-ups and promises
console-matters-hazards-found = Hazards found
console-matters-hazards-open = Hazards not gone
console-matters-rechecks = Checks due
console-matters-opinions = Opinions of residents
console-matters-category = About
console-matters-heard = Heard
console-matters-settled = Settled
console-figures-title = Figures of assessment
console-figures-lead = The part of visits: households and days out of each worker in a month, and what is overdue. A figure leads to its rows.
console-figures-month = Month
console-figures-none = There is no grid you may see this of.
console-figures-households = Households visited
console-figures-days = Days out
console-figures-visits = Visits that count
console-figures-not-counted = Not counted
console-figures-overdue = Overdue follow-ups and promises
console-figures-lacks = Too few
console-figures-coverage = { $households } households, { $percent }% visited this month
console-screenings-title = Register of screenings
console-screenings-lead = Visits, hazards and incidents in one list, by grid and day, to be exported.
console-screenings-none = Nothing was registered on these days.
console-screening-what = Kind
console-screening-all = All
console-screening-visit = Visit
console-screening-hazard = Hazard
console-screening-incident = Incident
console-screening-from = From
console-screening-to = To
console-screening-day = Day
console-screening-title = About
console-screening-class = Class
console-screening-state = Result

## Call-outs

console-nav-call-outs = Call-outs
console-call-outs-title = Call-outs of reserves
console-call-outs-lead = People assigned beforehand have no access. While they are called out they have that of their assignment, and it ends by itself.
console-call-outs-none = Nobody was called out.
console-call-out-new = Call out reserves
console-call-out-node = Where
console-call-out-node-missing = Choose a place that you manage.
console-call-out-days = The first day must not lie before today, the last not before the first, at most 90 days in all. Change the days.
console-call-out-reason = Reason
console-call-out-reason-missing = State the reason in 2 to 200 characters.
console-call-out-order = Call out
console-call-out-called-notice = They are called out; their phones have their grids after the next sync.
console-call-out-people = Reserves
console-call-out-nobody = There is no reserve there
console-call-out-by = Called out by
console-call-out-end = End it now
console-call-out-ended-notice = It has ended; the access is taken back.
console-call-out-on = Under way
console-call-out-coming = Not begun
console-call-out-over = Over

## Tasks of departments

task-state-filed = Waits to be let in
task-state-admitted = Let in
task-state-refused = Not let in
task-title = Name the task in 1 to 60 characters.
task-note = The note is too long; keep it within 500 characters.
task-kind = There is no such kind of visit; choose one from the list.
task-days = The last day must not lie before the first or before today, nor more than a year later. Change the days.
task-basis = State what the task rests on in 2 to 200 characters.
task-place = Choose an area in which you may propose tasks.
task-reason = State why it is not let in, in 2 to 200 characters.
task-nobody = There is no household in that area; check it with the department.
task-too-many = There are too many households in that area; ask the department to divide it.
console-nav-tasks = Tasks
console-tasks-title = Tasks of departments
console-tasks-lead = A department files a task. Once the county's desk lets it in, it is a campaign of its grids: it enters the workers' plans and is counted.
console-tasks-none = There is no task.
console-task-new = File a task
console-task-node = Area
console-task-basis = What it rests on
console-task-file = File it
console-task-filed = Filed by
console-task-decided-by = Decided by
console-task-reason = Why not
console-task-admit = Let it in
console-task-refuse = Do not let it in
console-task-refuse-button = Not let in
console-task-filed-notice = It is filed and waits for the county's desk.
console-task-admitted-notice = It is let in; workers have it in their plans after the next sync.
console-task-refused-notice = It is noted as not let in.
console-task-decided-notice = Somebody decided before; nothing was changed.
