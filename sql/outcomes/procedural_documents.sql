-- Stage 1: is the document a multi-step operation, and of what kind.
summary        VARCHAR,
platform       VARCHAR,
domains        VARCHAR[],
task_category  VARCHAR,
language       VARCHAR,
