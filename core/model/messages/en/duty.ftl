## Who was asked first and keeps track

console-nav-first-asked = Asked first
console-first-asked-title = Asked first
console-first-asked-lead = Whoever is asked first keeps track to the end: of one's own reports, and of what residents and the hotline told and one took up first. Wherever a case goes, that stays; a desk corrects it with a reason.
console-first-asked-of = { $name } was asked first
console-first-asked-none = Nothing was asked first here.
console-first-asked-holder = Who has it now
console-first-asked-told = Reporter told
console-first-asked-people = By person
console-first-asked-people-lead = Cases received in the last { $days } days.
console-first-asked-total = Asked first
console-first-asked-open = Open
console-first-asked-overdue = Overdue
console-first-asked-untold = Done, not told yet

## The duty roster and its four rates

duty-rate-recognition = Known to residents
duty-rate-recognition-part = residents who know their grid worker
duty-rate-recognition-whole = residents asked
duty-rate-solved = Problems solved
duty-rate-solved-part = closed
duty-rate-solved-whole = filed
duty-rate-satisfaction = Satisfied residents
duty-rate-satisfaction-part = residents who are satisfied
duty-rate-satisfaction-whole = residents asked
duty-rate-premises = Use of the premises
duty-rate-premises-part = sessions that took place
duty-rate-premises-whole = sessions on offer

duty-error-times = Enter both times like "08:30"; they must not be the same.
duty-error-day = The day must be today or within the next year. Choose another one.
duty-error-note = The note must have at most 60 ordinary characters.
duty-error-place = There is no such place, or its duties are not yours to plan. Choose another one.
duty-error-person = Nobody of that name works in your area. Choose another person.
duty-error-taken = This person is on duty then already. Choose somebody else or another time.
duty-error-rate = Choose a rate that is entered; problems solved are counted from the incidents.
duty-error-count = Enter two numbers: at least 1 in all, and no more that count than that.
duty-error-count-day = The day must be today or within the last year. Choose another one.

console-nav-duty = Duty roster
console-duty-title = Duty roster
console-duty-lead = Who is on duty where and when, in turns rather than in an office all day. Phones and programs see one's own duties.
console-duty-none = Nobody is on duty on these days.
console-duty-place = Place
console-duty-person = On duty
console-duty-day = Day
console-duty-from = From
console-duty-until = Until
console-duty-note = Note
console-duty-now = On duty now
console-duty-plan = Plan a duty
console-duty-plan-button = Plan
console-duty-cancel = Cancel this duty
console-duty-planned-by = Planned by
console-duty-planned-notice = The duty is planned.
console-duty-week-after = Week after
console-duty-week-before = Week before
console-duty-cancelled-notice = The duty is cancelled.
console-duty-week = Week
console-duty-print-help = Printed, this page is the roster.
console-duty-rates = Four rates
console-duty-rates-lead = { $from } to { $to }. Problems solved are counted from the incidents filed; the other three from what was entered alone, and where nothing was there is no figure.
console-duty-no-data = No data
console-duty-count = Enter a count
console-duty-count-help = After return visits, spot checks or counting: how many in all, and how many of them. No names of residents.
console-duty-count-rate = Which rate
console-duty-count-part = Of these
console-duty-count-whole = In all
console-duty-count-note = How it was found
console-duty-count-button = Enter
console-duty-counted-notice = The count is entered.
console-duty-withdrawn-notice = The count is withdrawn.
console-duty-counts = Counts
console-duty-counted-by = Entered by
console-duty-withdraw = Withdraw

## Meetings of the week and the fortnight

console-study-title = Incidents of { $place }
console-study-before = Before
console-study-now = Now
console-study-change = Change
console-study-none = No incidents were filed in either period.
console-study-repeated = { $count } or more of one class at one household or place

## Who is on duty now, on a picture

console-nav-on-duty = On duty now
console-on-duty-title = On duty now
console-on-duty-lead = Who is on duty, and roughly (some hundred metres) where workers last handed something in today. Places come from visits and reports alone; nobody is followed, and they are deleted once the day is over.
console-on-duty-screen = For a screen (loads every minute)
console-on-duty-page = Leave the screen
console-on-duty-map = Picture of grids and workers
console-on-duty-no-map = No grid has a boundary, and nobody handed in a place today.
console-on-duty-nobody = Nobody is on duty now.
console-on-duty-seen = Seen today
console-on-duty-seen-lead = Where they are since then is not known.
console-on-duty-quiet = Grids with nobody on duty or seen today
console-on-duty-at = When
console-on-duty-by = Known from
console-on-duty-grids = By grid
console-on-duty-assigned = Assigned
