# Import and export of ledgers, and made-up data.

## Making up a district

generate-summary = Made up a district: { $grids } grids, { $workers } workers, { $households } households, { $people } people; took { $seconds } seconds.
generate-next = The office signs in as office, workers are w1-1, w1-2 and so on. Set a password with wangge admin person set-password --person office, then start the server. Nobody in this data exists; the data folder is marked as a test.
generate-no-communities = The table has no communities or villages. Check --county, or give a CSV with codes of 12 digits (--divisions).
generate-grids = Cannot make { $grids } grids: these communities have room for { $room }, and one is the least. Ask for fewer (--grids), or take another county (--county).
generate-not-empty = The data folder holds something already; made-up data goes into new folders only. Name a new one with --data.
generate-file = Cannot use the file { $path } ({ $reason }).
generate-storage = Writing failed: { $reason }. Check the free space, then generate into a new folder.
