-- Diversity and shape of a recipe's data set, one figure per row, over all its splits.
CREATE TABLE dataset_metrics (
    recipe VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,   -- distinct_tools, tool_entropy, domain, self_overlap …
    label  VARCHAR NOT NULL,   -- what is counted; '' for a figure of the whole
    value  DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (recipe, metric, label)
);
