-- What was really spent: every call of the journal once, however often its answer was used since. cost is the
-- part that has a price, unpriced counts the calls that have none.
SELECT coalesce(asset, task) AS stage, prompt_version, coalesce(answered_by, model) AS model,
       count(*) AS calls, sum(answers)::BIGINT AS answers,
       sum(input_tokens)::BIGINT AS input_tokens, sum(output_tokens)::BIGINT AS output_tokens,
       coalesce(sum(cost), 0) AS cost, count(*) FILTER (cost IS NULL) AS unpriced,
       count(*) FILTER (parse_result <> 'ok') AS unreadable
FROM llm_calls
LEFT JOIN stages USING (asset)
WHERE answers > 0
GROUP BY ALL
ORDER BY min(stages.number), stage, cost DESC, prompt_version, model;
