-- Stage 0: every ingested row of a shard, read or refused.
corpus         VARCHAR NOT NULL,
source         VARCHAR NOT NULL,     -- file, relative to what was ingested
place          VARCHAR NOT NULL,     -- line or row in it
title          VARCHAR,
url            VARCHAR,
license        VARCHAR,
language       VARCHAR,
character_count INTEGER NOT NULL,
