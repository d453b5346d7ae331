-- Read documents by language; procedural documents by platform, domain (a document may have several) and task
-- category.
SELECT 'language' AS vocabulary, language AS label, count(*) AS documents FROM documents GROUP BY ALL
UNION ALL
SELECT 'platform', platform, count(*) FROM procedural_documents GROUP BY ALL
UNION ALL
SELECT 'domain', domain, count(*) FROM (SELECT unnest(domains) AS domain FROM procedural_documents) GROUP BY ALL
UNION ALL
SELECT 'task_category', task_category, count(*) FROM procedural_documents GROUP BY ALL
ORDER BY vocabulary, documents DESC, label;
