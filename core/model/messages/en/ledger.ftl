# Import and export of ledgers, and made-up data.

## Making up a district

generate-summary = Made up a district: { $grids } grids, { $workers } workers, { $households } households, { $people } people; took { $seconds } seconds.
generate-next = The office signs in as office, workers are w1-1, w1-2 and so on. Set a password with wangge admin person set-password --person office, then start the server. Nobody in this data exists; the data folder is marked as a test.
generate-no-communities = The table has no communities or villages. Check --county, or give a CSV with codes of 12 digits (--divisions).
generate-grids = Cannot make { $grids } grids: these communities have room for { $room }, and one is the least. Ask for fewer (--grids), or take another county (--county).
generate-not-empty = The data folder holds something already; made-up data goes into new folders only. Name a new one with --data.
generate-file = Cannot use the file { $path } ({ $reason }).
generate-storage = Writing failed: { $reason }. Check the free space, then generate into a new folder.

## Reading a file

ledger-file = Cannot read the file: { $reason }. Check that it exists and may be read.
ledger-unknown-format = This file is neither XLSX nor CSV. Save it as an Excel workbook (.xlsx) or as CSV and import that.
ledger-old-workbook = This is an old Excel file (.xls) or one locked with a password. Open it and save it as an Excel workbook (.xlsx) without a password.
ledger-damaged = The workbook cannot be read: { $reason }. Open it in Excel to see whether it is sound, save a copy and try that.
ledger-no-sheet = The file has no sheet called “{ $name }”. Check the sheet's name.
ledger-encoding = The text's encoding is not known. Save the file as CSV in UTF-8, or as XLSX.
ledger-too-large = The file is too large: more than { $limit } { $what }. Split it by community or grid.
ledger-too-large-bytes = bytes
ledger-too-large-cells = cells
ledger-too-large-text = bytes of text
ledger-too-large-columns = columns
ledger-too-large-files = files inside
ledger-too-large-areas = merged cells
ledger-timed-out = Reading took too long and was stopped. Split the file by community or grid.
ledger-no-headings = No row of headings was found in the first 20 rows. At least two columns must be recognised, such as estate, building, room, name; or say what the columns are.
ledger-no-households = There is no column of addresses or household numbers, so nothing says which household a row belongs to. Add one, or say what the columns are.
ledger-too-many-columns = The table has more than 500 columns. Remove those that are not needed.
ledger-column-twice = The columns “{ $first }” and “{ $second }” were both recognised as “{ $target }”. Leave one of them out, or say what it is.
ledger-no-such-target = There is no field called “{ $name }”. Fields there are: { $known }
ledger-map-form = “{ $text }” should read “heading=field”.

ledger-column-ignored = Not imported
ledger-column-grid = Grid
ledger-column-household = Household number
ledger-column-record = Record id
ledger-column-member = Member id
ledger-column-household-labels = Household care groups
ledger-column-member-labels = Personal care groups

## What is wrong with a cell

ledger-cell-formula = The formula failed. Replace it with its value.
ledger-cell-lost-digits = Digits were lost: a long number was kept as a number, or in scientific notation. Format the column as text and enter the whole number again.
ledger-cell-several = Several values in one cell. Keep one.
ledger-cell-no-day = The date lacks its day. Enter year, month and day.
ledger-cell-unknown-grid = There is no such grid among yours. Enter the grid's code, or community and grid name.
ledger-cell-ambiguous-grid = Several grids have this name. Enter the grid's code, or community and grid name.
ledger-cell-no-grid = No grid is given. Fill in the grid column, or name a grid when importing.
ledger-cell-no-household = Nothing says which household this is: no household number and no address. Add one.
ledger-cell-no-name = The name is missing. Add it, or clear what else the row says about the person.
ledger-cell-differs = Not the same as row { $row } of this household. Make them the same.
ledger-cell-birth-mismatch = The birth date is not the one in the identity number. Check and correct one of them.
ledger-cell-sex-mismatch = The sex is not the one in the identity number. Check and correct one of them.
ledger-cell-same-person = The same person as in row { $row }, but not the same values. Keep the right row only.
ledger-cell-unknown-record = There is no such record among yours. Clear the record id, or import your own grids only.
ledger-cell-masked = The value is masked (it holds *) and cannot be imported. Use a file that was exported without masks.
ledger-cell-too-large = This household is too large. See whether several were made one.

## Remarks

ledger-severity-error = Error
ledger-severity-duplicate = Possible duplicate
ledger-severity-note = Note
ledger-remark-repeated = The same as row { $row }; left out
ledger-remark-person-file = This person is in row { $row } too
ledger-remark-address-file = Row { $row } has another household at this address
ledger-remark-household-register = The register has this household: { $title }
ledger-remark-person-register = This person is registered in another household: { $title }
ledger-remark-not-a-row = A total or a signature; left out
ledger-remark-converted = An old number of 15 digits was converted to 18; please check
ledger-report-row = Row
ledger-report-column = Column
ledger-report-heading = Heading
ledger-report-value = Value (masked)
ledger-report-severity = Kind
ledger-report-reason = Reason

## Commands

ledger-sheet = Ledger
ledger-column-derived = Ledger as derived
ledger-columns = What the columns are:
ledger-remarks = Checked: { $errors } errors, { $duplicates } possible duplicates, { $notes } notes; { $held } households cannot be taken because of errors.
ledger-remarks-more = There are { $count } more; write them to a file with --report.
ledger-report-written = Every remark was written to { $path }.
ledger-confirm = { $households } households will be written. Go on? (y/n)
ledger-unconfirmed = Nothing was written. Look at what the check found, then run it again with --yes.
ledger-checked = Checked { $rows } rows, { $households } households, { $people } people: { $new } new, { $changed } changed, { $unchanged } unchanged, { $skipped } in the register already, { $filled } to be filled, { $held } cannot be taken; nothing was written. Took { $seconds } seconds.
ledger-done = Imported { $rows } rows, { $households } households, { $people } people: { $new } new, { $changed } updated, { $unchanged } unchanged, { $skipped } in the register already, { $filled } filled, { $held } not taken. Took { $seconds } seconds.
ledger-exported = Exported { $households } households, { $rows } rows, to { $path }.
ledger-failed = The import was broken off: { $reason }. What was written stays; remove the cause and run the same file again, it goes on from there.
ledger-export-failed = The export failed: { $reason }. Check free space and path, delete the incomplete file and try again.
ledger-exists = { $path } exists and is not overwritten. Choose another name.
ledger-form = { $path } has the wrong ending; it should be .xlsx, .csv or .geojson.
ledger-forbidden = This person may not see residents' data without masks. Leave out --unmask, or let somebody export who may.
ledger-reason = Say with --reason why without masks (2 to 100 characters); the reason is audited.

## Standard addresses

addresses-checked = { $rows } rows: { $filled } households to fill, { $known } have both, { $nobody } addresses without a household, { $several } with several, { $errors } rows that cannot be used; nothing was written.
addresses-done = { $rows } rows: { $filled } households filled, { $known } have both, { $nobody } addresses without a household, { $several } with several, { $errors } rows that cannot be used.
