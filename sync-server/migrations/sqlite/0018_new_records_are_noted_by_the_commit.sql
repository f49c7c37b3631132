-- A trigger that writes makes SQLite keep a journal for every single statement, in case it fails half
-- way: a sixth of what a push costs. The one place that stores new records and authorship notes what
-- follows from them itself; triggers stay where records are changed and moved.
DROP TRIGGER visit_due_new;
DROP TRIGGER merge_due_new;
DROP TRIGGER merge_due_arrived;
DROP TRIGGER visit_due_merged_new;
DROP TRIGGER incident_due_new;
DROP TRIGGER handed_in_new;
