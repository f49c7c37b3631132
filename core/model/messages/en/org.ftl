# Organisation: levels, roles, duties, size and staff of grids, checks of a division.

list-separator = { ", " }
unit-households = households
unit-people = people

## Levels

level-province = province
level-prefecture = prefecture
level-county = county
level-street = street
level-area = area
level-community = community
level-grid = grid
level-micro-grid = micro-grid

## Attributes of grids

attribute-urban = urban community
attribute-rural = rural
attribute-dedicated = dedicated grid

## Roles

role-informant = Informant
role-volunteer = Safety volunteer
role-household-link = Household link
role-service-team = Service team member
role-resident-group-head = Resident-group head
role-building-group-head = Building-group head
role-building-head = Building head
role-stairwell-head = Stairwell head
role-micro-grid-head = Micro-grid head
role-legal-contact = Legal contact
role-village-police = Village police
role-part-time-worker = Part-time grid worker
role-seconded-official = Seconded official
role-grid-worker = Grid worker
role-all-round-worker = All-round grid worker
role-grid-head = Grid head
role-area-head = Area head
role-service-desk = Service desk
role-deputy-chief-grid-head = Deputy chief grid head
role-chief-grid-head = Chief grid head
role-handler = Department handler
role-assessor = Assessor
role-street-staff = Street staff
role-centre-staff = Centre staff
role-supervisor = Supervisor
role-auditor = Auditor
role-admin = Administrator

## Duties (several officers in one)

duty-service = services for residents
duty-mediation = mediation
duty-publicity = publicity
duty-environment = environment
duty-opinion = opinions heard
duty-emergency = emergency
duty-safety = safety checks
duty-patrol = patrol
duty-collection = collection

## Where a place lies, and its code

org-level-order = A { $level } cannot lie below a { $parent }.
org-parent-level = A { $level } has to lie directly in a { $expected }: name that place by its id or code.
org-grid-code-missing = A grid needs a code: give one.
org-grid-code = Grid code { $code } is not valid: { $reason }
org-division-code = Division code { $code } of the { $level } is not valid: { $reason }
org-division-code-level = The division code of a { $level } has { $expected } digits, this one has { $found }.
org-free-code = The code is not valid: { $reason }
org-code-elsewhere = Code { $code } does not belong to the place above ({ $parent }): check the code or the place.
org-area-mismatch = Code { $code } names area { $found }, the grid lies in area { $area }: check the code.
org-attribute-not-grid = Only grids have an attribute, a { $level } has none: leave it out.
org-attribute-mismatch = The attribute in code { $code } is { $expected }, the one given is { $found }: correct one of them.

## Assignments

org-role-level = Role { $role } is not for a { $level }, only for: { $allowed }.
org-role-full-time = Role { $role } is full-time; for part-time use the role part_time_worker.
org-role-part-time = Role { $role } is always part-time: say so.
org-role-reserve = Role { $role } cannot be assigned beforehand, only seconded officials can.

## Size and staff of a grid

grid-warning-too-small = too small: { $found } { $unit }, at least { $min } { $unit }
grid-warning-too-large = too large: { $found } { $unit }, at most { $max } { $unit }
grid-warning-no-head = no grid head
grid-warning-several-heads = { $found } grid heads, one is the rule
grid-warning-too-few-staff = too few people: { $found }, at least { $min }
grid-warning-no-boundary = no boundary yet

## Boundaries

boundary-ring-outline = the outline of part { $part }
boundary-ring-hole = hole { $hole } of part { $part }
boundary-empty = there is no polygon: draw the boundary
boundary-too-many-points = it has { $found } corners, at most { $limit } are taken: simplify the line first
boundary-too-few-points = { $ring } has fewer than three different corners: remove it or draw it anew
boundary-not-closed = { $ring } is not closed: the last position has to be the first
boundary-position = position { $position } of { $ring } is not valid: { $reason }
boundary-projected = the coordinates are metres of a projection: convert them to degrees (WGS-84 or CGCS2000) and export again
boundary-self-intersection = { $ring } crosses or touches itself near { $place }: correct the line
boundary-rings-cross = { $ring } and { $other } cross or run along each other near { $place }: correct the line
boundary-hole-outside = { $ring } is not inside its outline, or lies in another hole: correct it
boundary-parts-overlap = part { $one } and part { $two } lie over each other: join or correct them
boundary-stored = the stored boundary cannot be read: import it again

geojson-too-large = the file has { $found } MiB, at most { $limit } MiB are read: cut it by community
geojson-not-json = the file is not JSON, line { $line } column { $column }: { $reason }
geojson-not-a-collection = a FeatureCollection is needed, not "{ $found }": export the layer as GeoJSON
geojson-no-features = the file has no feature: check the exported layer
geojson-too-many-features = the file has { $found } features, at most { $limit } are read: cut it
geojson-system = the coordinate system "{ $found }" cannot be used: convert to degrees of WGS-84 or CGCS2000 and export again
geojson-not-a-feature = feature { $number } has no geometry or is not a feature: { $reason }
geojson-geometry = feature { $number } ({ $name }) is a { $found }, a boundary is a Polygon or MultiPolygon
geojson-coordinates = feature { $number } ({ $name }): the coordinates cannot be read, each position is two numbers
geojson-boundary = feature { $number } ({ $name }): { $reason }

coverage-outside = { $name } reaches { $area } m² out of the community (near { $place })
coverage-overlap = { $one } and { $two } share { $area } m² (near { $place })
coverage-no-hole = dedicated grid { $dedicated } lies in { $around }, which needs a hole there ({ $area } m² over each other)
coverage-gap = { $area } m² belong to no grid (near { $place })

## Re-division

redivision-member = The file's member redivision is missing or wrong: { $reason }
redivision-system = There is no coordinate system "{ $found }", only wgs84, gcj02 and bd09.
redivision-too-many-rules = There are too many rules, at most { $limit } of each kind: divide the file.
redivision-property = Feature { $number }: { $property } is missing or too long; each new grid needs code and name.
redivision-attribute = Feature { $number }: there is no attribute "{ $found }", only urban, rural and dedicated.
redivision-code-twice = Code { $found } is there twice: correct one.
redivision-grid-unknown = A rule names grid { $found }, which is none of the file's new grids: correct it.

redivision-reason-by-hand = decided by a person
redivision-reason-only = the only grid that follows
redivision-reason-point = by its point
redivision-reason-address = by the rule for its address
redivision-reason-building = with its building
redivision-reason-belongs-to = with the household or place it belongs to
redivision-reason-rest = by the rule for the rest
redivision-reason-most-ground = with most of the ground

## Grids and people

console-nav-grids = Grids
console-nav-people = People
console-grids-title = Grids
console-grids-search-help = Name or code
console-grids-none = There are no grids.
console-grid-attribute = Kind
console-grid-community = Community or village
console-grid-people = People
console-grid-staff = Staff
console-grid-warnings = To look at
console-grid-head = Grid head
console-grid-closed = closed on { $date }
console-grid-board = Print the board
console-grid-facts = Facts
console-grid-since = In use since
console-grid-until = Closed on
console-grid-area = Area
console-grid-area-m2 = { $area } m²
console-grid-outline = Outline
console-grid-outline-of = Outline of { $name }
console-grid-members = Staff of the grid
console-grid-members-none = Nobody works here yet.
console-grid-versions = Versions
console-grid-versions-lead = Which grids this ground belonged to before and after a re-division.
console-grid-version = When
console-grid-before = before
console-grid-after = after
console-grid-redivisions = Re-divisions of this community
console-grid-redivision-at = Time
console-grid-redivision-name = Why
console-grid-redivision-by = By
console-grid-redivision-records = Records moved
console-command-line = command line
console-board-lead = Print this page with the browser and put it up in the grid. Only phone numbers noted as public are shown.
console-board-range = Range
console-public-grids-title = Grid codes
console-people-title = People
console-people-lead = Your team: everybody assigned to a place in your scope.
console-people-search-help = Name, grid or role
console-people-none = There is nobody.
console-person-name = Name
console-person-role = Role
console-person-place = Assigned to
console-person-phone = Public phone
console-person-time = Full or part time
console-person-duties = Duties
console-person-full-time = full-time
console-person-part-time = part-time
console-person-inactive = shut out
console-person-reserve = assigned beforehand
console-person-untrained = not trained, no access
console-person-trained-later = from { $date } on
console-move = Move to another grid
console-move-to = Move to
console-move-choose = Choose a grid
console-move-help = At their next sync phones of the old grid drop this record and phones of the new one get it whole. What people of the old grid have not sent yet comes to the review.
console-move-button = Move
console-moved = Moved to "{ $grid }".
line-workers = Grid workers and helpers
line-head = Grid head
line-community = Community (village)
line-street = Street (township)
line-county = County and above
console-line = Line of report
console-line-lead = From below: people of the grid report to its head, the head to the community, and so on. It follows from who is assigned.
work-card-valid = Valid
work-card-unconfirmed = Not confirmed: no sync with the server for more than seven days, or the phone's clock is wrong. Sync before showing it.
work-card-ended = Not valid: not assigned anywhere at present
console-card-title = Work card
console-card-lead = To be printed, or shown on a phone. Residents read the code to see whether it holds.
console-card-number = Number
console-card-code = Read to verify
console-card-no-public = This office has no public pages, so the card has no code.
console-card-invalid-own = This person is not assigned anywhere at present; the card does not hold.
console-card-check = Verify a work card
console-card-valid = Valid: this person works for the grid at present.
console-card-invalid = Not valid: whoever carries it is not on duty. Do not let them in.
console-card-at = Looked up at { $at }.
console-card-ask = If in doubt, ask your residents' or villagers' committee.
