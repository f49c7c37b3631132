-- How the case of an incident stands, for lists: CBOR of the model's CaseSummary.
ALTER TABLE list_detail ADD COLUMN case_summary BLOB;
