-- Every score with the circumstances it was got under.
SELECT
    score.evaluated_model, score.benchmark, score.part, score.metric, score.value, score.low, score.high,
    score.entries, run.whole, run.floor, run.oracle, run.model, run.mode, run.thinking, run.harness,
    run.user_model, run.judge_model, run.incomparable, run.refused, run.unparsed_calls, run.requests, run.input_tokens, run.output_tokens,
    run.cost, run.seconds, run.decontamination, strftime(run.finished_at, '%Y-%m-%d %H:%M') AS finished_at
FROM benchmark_scores AS score
JOIN benchmark_runs AS run USING (evaluated_model, benchmark, part)
ORDER BY max(run.finished_at) OVER (PARTITION BY score.evaluated_model) DESC, score.evaluated_model,
    score.benchmark, score.part, score.metric;
