-- One row per language and stage: what each stage kept of texts in that language, and the yield.
WITH languages AS (
    SELECT DISTINCT shard, document_id, coalesce(language, 'und') AS language
    FROM documents_outcomes WHERE reason IS DISTINCT FROM 'corpus_superseded'
)
SELECT languages.language, stages.number, outcomes.asset,
       count(DISTINCT document_id) AS documents,
       count(DISTINCT document_id) FILTER (outcome = 'kept') AS kept_documents,
       count(*) FILTER (outcome = 'kept') AS kept_records,
       count(*) FILTER (outcome = 'rejected') AS rejected_records,
       count(*) FILTER (outcome = 'kept') / nullif(count(*) FILTER (outcome <> 'failed'), 0) AS yield_share
FROM outcomes
JOIN languages USING (shard, document_id)
JOIN stages ON stages.asset = outcomes.asset
WHERE outcomes.reason IS DISTINCT FROM 'corpus_superseded'
GROUP BY languages.language, stages.number, outcomes.asset
ORDER BY languages.language, stages.number;
