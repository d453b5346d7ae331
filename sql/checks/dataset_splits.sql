-- No document, and no group of documents that resemble each other, stands in two splits of a recipe.
SELECT recipe, 'document ' || document_id AS what, list_sort(list_distinct(list(split))) AS splits
FROM trajectory_dataset GROUP BY recipe, document_id HAVING count(DISTINCT split) > 1
UNION ALL
SELECT recipe, 'group ' || document_group, list_sort(list_distinct(list(split)))
FROM trajectory_dataset GROUP BY recipe, document_group HAVING count(DISTINCT split) > 1;
