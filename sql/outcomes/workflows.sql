-- Stage 2: the procedures of a document, with tools and constraints.
description    VARCHAR,
step_count     INTEGER,
tool_count     INTEGER,
constraint_count INTEGER,
predicate_count INTEGER,             -- constraints that are said as CEL
