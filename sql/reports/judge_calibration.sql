-- Each judge as it was measured last: of every kind of planted defect (and of the clean ones, kind '') how many
-- it failed. A case counts once, by the share of its verdicts; samples agree where two of one case are equal.
WITH latest AS (
    SELECT judge, prompt_version, max_by(calibration_id, measured_at) AS calibration_id
    FROM judge_verdicts
    GROUP BY ALL
),
by_case AS (
    SELECT judge, prompt_version, cases, kind, is_error, trajectory_id, max(measured_at) AS measured_at,
           count(*) FILTER (verdict <> 'none') AS verdicts,
           count(*) FILTER (verdict = 'none') AS unreadable,
           count(*) FILTER (verdict = 'failed') AS failed,
           count(*) FILTER (on_rubric) AS on_rubric,
           sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
           CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost
    FROM judge_verdicts SEMI JOIN latest USING (calibration_id)
    GROUP BY ALL
)
SELECT judge, prompt_version, any_value(cases) AS cases,
       strftime(timezone('UTC', max(measured_at)), '%Y-%m-%d %H:%M') AS measured_at,
       kind, is_error,
       (count(*) FILTER (verdicts > 0))::INTEGER AS trajectories,
       sum(verdicts)::INTEGER AS verdicts, sum(unreadable)::INTEGER AS unreadable,
       avg(failed / verdicts) FILTER (verdicts > 0) AS failed_share,
       sum(on_rubric) / nullif(sum(failed), 0) AS rubric_share,
       sum(failed * (failed - 1) + (verdicts - failed) * (verdicts - failed - 1))
           / nullif(sum(verdicts * (verdicts - 1)), 0) AS agreement,
       sum(input_tokens)::BIGINT AS input_tokens, sum(output_tokens)::BIGINT AS output_tokens,
       CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost
FROM by_case
GROUP BY judge, prompt_version, kind, is_error
ORDER BY judge, measured_at DESC, kind <> '', is_error, kind;
