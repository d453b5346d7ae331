-- Rejected and failed rows per stage and reason, most frequent first. Rows, not inputs: a document that loses
-- one of its two workflows is kept all the same.
SELECT asset, pile, reason, count(*) AS rows
FROM (
    SELECT 'rejected' AS pile, asset, reason FROM rejections
    UNION ALL
    SELECT 'failed', asset, reason FROM failures
)
JOIN stages USING (asset)
GROUP BY ALL
ORDER BY min(stages.number), pile DESC, rows DESC, reason;
