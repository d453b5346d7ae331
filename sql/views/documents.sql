-- Documents that were read.
CREATE VIEW documents AS
SELECT document_id, shard, corpus, source, place, title, url, license, language, character_count,
       payload->>'text' AS text, content_hash, run_id
FROM documents_outcomes WHERE outcome = 'kept';
