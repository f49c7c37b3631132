# Visits: whether they count, plans, rules, campaigns.

## Why a visit does not count

visit-short-no-household = No household is named, so it is no household visit. If it is one, please choose the household.
visit-short-no-result = The result of the visit is missing. Please fill it in.
visit-short-not-met = The result is not “met”, so it does not count. Please come again another day.
visit-short-no-times = Start or end is missing. Please fill it in.
visit-short-too-short = The visit took { $found } seconds, less than the { $limit } required. If the times are wrong, please correct them.
visit-short-no-place = There is neither a position nor a reason. Please state why no position was taken.
visit-short-too-far = The visit was made { $found } m from the household, more than { $limit } m. If there is a reason, please state it.
visit-short-back-dated = It was entered { $found } days after the visit, more than { $limit }. Please enter visits in time.
visit-short-future = The visit is dated after the day it was entered. Please check the date and the time of this device.
visit-short-again-same-day = Another visit to the household on that day counts; this one does not count again.

## What to take note of (it still counts)

visit-flag-mocked = The system says that the position came from a program that makes positions up.
visit-flag-far-with-reason = { $found } m from the household, with a reason.
visit-flag-no-place-with-reason = No position, with a reason.
visit-flag-door-unknown = The household’s place is not recorded, so the distance cannot be checked.
visit-flag-vague = The position is off by up to { $found } m.
visit-flag-entered-late = Entered { $found } days after the visit.

## The plan

visit-pressure-overdue = Overdue
visit-pressure-care = Care group
visit-pressure-promised = Demands and promises
visit-pressure-moved-in = Moved in
visit-pressure-campaign = Campaign
visit-pressure-regular = Regular

visit-reason-overdue = { $rule }: was due by { $day }
visit-reason-care = { $rule }: one visit by { $day }
visit-reason-promise = Promised for { $day } and not done yet
visit-reason-recheck = A hazard is to be checked again since { $day }
visit-reason-follow-up = To come again on { $day }
visit-reason-open-demand = What was asked on { $day } is not settled
visit-reason-handed-over = Handed over by a colleague since { $day }
visit-reason-moved-in = Moved in on { $day }, not visited yet
visit-reason-campaign = Campaign until { $day }
visit-reason-regular = { $rule }: one visit by { $day }

## Names of the parts of rules

visit-validity-results = Results that count
visit-validity-min-duration-s = Shortest visit (seconds)
visit-validity-max-distance-m = Farthest from the household (m)
visit-validity-max-accuracy-m = Inaccuracy allowed for (m)
visit-validity-max-days-late = Latest entry after the visit (days)
visit-validity-once-a-day = A household counts once a day
visit-validity-moved-in-days = Moved in lately comes first (days)

visit-group-all = Every household
visit-group-worker = The worker
visit-group-tenant = Rented dwellings
visit-group-floating = Floating population
visit-group-care-high = Care level: high risk
visit-group-care-key = Care level: key
visit-group-care-general = Care level: general
visit-unit-visit = Visits of each household
visit-unit-household = Households visited
visit-unit-day = Days with visits
visit-period-week = a week
visit-period-month = a month
visit-period-quarter = a quarter
visit-period-half-year = a half-year
visit-period-year = a year
visit-scope-all = All grids
visit-scope-urban = Urban
visit-scope-rural = Rural
visit-scope-dedicated = Dedicated

## Mistakes in rules

visit-rules-id = Rule { $place }: the id “{ $found }” is missing, too long or taken. Please use small letters, digits and underscores, different from the other rules.
visit-rules-name = Rule { $place } lacks its Chinese or English name. Please fill it in (at most 60 characters).
visit-rules-group = Rule { $place }: there is no group “{ $found }”. Please choose one of the list.
visit-rules-unit = Rule { $place }: the group does not go with what is counted. The worker is counted by households or days, everybody else by visits.
visit-rules-count = Rule { $place }: the number must be from { $low } to { $high }. Please change it.
visit-rules-priority = Rule { $place }: the priority must be from 1 to 9. Please change it.
visit-rules-too-many = There are more than { $high } rules. Please delete some.
visit-rules-figure = “{ $found }” must be from { $low } to { $high }. Please change it.
visit-rules-result = “{ $found }” is no result of a visit. Please choose at least one result that counts.

## Mistakes in campaigns

campaign-title = Please give it a title of at most 60 characters.
campaign-note = The note is too long. Please keep it within 500 characters.
campaign-kind = There is no such kind of visit. Please choose one of the list.
campaign-days = The last day must not be before the first, nor more than a year after it. Please change the days.
campaign-checks = There may be 30 things to check, each with 1 to 100 characters. Please change them.
campaign-no-household = No household is chosen. Please change grids or conditions.
campaign-too-many = A grid may have { $limit } households in it. Please choose fewer.

## Reference sets

reference-name = “{ $found }” cannot be a name. Please use small letters, digits, underscores, dots and hyphens, at most 64 characters.
reference-too-large = The content has { $found } bytes; { $limit } are allowed. Please divide it.
reference-too-uniform = The content repeats itself so much that phones would refuse it. Please take repetitions out.
reference-json = The content is not valid JSON, or not of the right form: { $found }
reference-not-an-object = The content must be one JSON object (in braces).
reference-unknown-key = There is no “{ $found }”. Please check the spelling.

## State of a household on the map of visits

visit-state-overdue = Overdue
visit-state-due = Due
visit-state-visited = Visited this month
visit-state-rest = Nothing due

## Surveys

survey-title = Name the survey in 1 to 60 characters.
survey-note = The note is too long; keep it within 500 characters.
survey-days = The last day must not lie before the first, nor more than a year after it. Change the days.
survey-questions = Enter 1 to 20 questions, one a line.
survey-question = Question { $place } is empty or too long; write 1 to 100 characters.
survey-choices = Question { $place } needs 2 to 20 answers of 1 to 40 characters each. Change them.
survey-answer = Question { $place } cannot be answered so; choose one of the answers.
survey-satisfaction-5 = Very content
survey-satisfaction-4 = Content
survey-satisfaction-3 = So-so
survey-satisfaction-2 = Not content
survey-satisfaction-1 = Not content at all

quiz-who-lives = Who lives at { $about } (head of the household or contact)?
quiz-tenants = How many households of { $about } are tenants?
quiz-care-group = Which of these care groups is there in the grid?
quiz-care-households = How many households of the grid belong to "{ $about }"?
