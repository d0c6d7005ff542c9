BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('246d84a5-0233-4d56-b5a5-6b73456a8066','unispeech-1',1795942475000,1795942475000,'unispeech');
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
INSERT INTO "queues" VALUES('CF72FE1387798CC08CA73EFBDCCA495C','unispeech_transcribe',NULL,1,NULL,NULL,1,0,0.25,1795942475000,1795942475359,'unispeech',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('18E63F4186F750EB3739C9F898F65BB3','unispeech_notify',NULL,16,NULL,NULL,1,0,0.25,1795942475000,1795942475375,'unispeech',NULL,NULL,NULL,NULL);
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_input" VALUES('c0876651-4b13-4228-91ac-520380953b89.0','gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCRjMDg3NjY1MS00YjEzLTQyMjgtOTFhYy01MjAzODA5NTNiODmUSwCGlIwGa3dhcmdzlH2UdS4=',1795942475000);
INSERT INTO "workflow_input" VALUES('9508746d-cfeb-4c28-8600-5e5a0c648f88.0','gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQ5NTA4NzQ2ZC1jZmViLTRjMjgtODYwMC01ZTVhMGM2NDhmODiUSwCGlIwGa3dhcmdzlH2UdS4=',1795942477000);
INSERT INTO "workflow_input" VALUES('a65afbcc-1c10-4356-8338-7b0d20e8dd8c.0','gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCRhNjVhZmJjYy0xYzEwLTQzNTYtODMzOC03YjBkMjBlOGRkOGOUSwCGlIwGa3dhcmdzlH2UdS4=',1795942478000);
INSERT INTO "workflow_input" VALUES('a1494bc7-f88e-4aef-bf8c-bb97ff85f6c0.0','gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCRhMTQ5NGJjNy1mODhlLTRhZWYtYmY4Yy1iYjk3ZmY4NWY2YzCUSwCGlIwGa3dhcmdzlH2UdS4=',1795942478000);
INSERT INTO "workflow_input" VALUES('365413fe-fc4f-4340-b635-7b6d47c8a5d4.0','gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQzNjU0MTNmZS1mYzRmLTQzNDAtYjYzNS03YjZkNDdjOGE1ZDSUSwCGlIwGa3dhcmdzlH2UdS4=',1795942478000);
INSERT INTO "workflow_input" VALUES('254c6b51-7155-48ff-a0f6-0c1bf47f2a2f.0','gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQyNTRjNmI1MS03MTU1LTQ4ZmYtYTBmNi0wYzFiZjQ3ZjJhMmaUSwCGlIwGa3dhcmdzlH2UdS4=',1795942478000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('c0876651-4b13-4228-91ac-520380953b89.0','gAROLg==',NULL,1795942477000);
INSERT INTO "workflow_output" VALUES('9508746d-cfeb-4c28-8600-5e5a0c648f88.0','gAROLg==',NULL,1795942478000);
INSERT INTO "workflow_output" VALUES('a65afbcc-1c10-4356-8338-7b0d20e8dd8c.0','gAROLg==',NULL,1795942478000);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('c0876651-4b13-4228-91ac-520380953b89.0','SUCCESS','unispeech.transcribe',NULL,NULL,NULL,NULL,NULL,NULL,'worker-ffdad0e3',1795942475000,1795942477000,'unispeech-1','',NULL,NULL,1,'unispeech_transcribe',NULL,NULL,NULL,1795942476000,NULL,6,NULL,NULL,NULL,NULL,'py_pickle',NULL,0,0,1795942477000,'null',NULL,NULL,0,'unispeech','40719de1-be4f-47cb-9a88-38c4226cfef6');
INSERT INTO "workflow_status" VALUES('9508746d-cfeb-4c28-8600-5e5a0c648f88.0','SUCCESS','unispeech.transcribe',NULL,NULL,NULL,NULL,NULL,NULL,'worker-ffdad0e3',1795942477000,1795942478000,'unispeech-1','',NULL,NULL,1,'unispeech_transcribe',NULL,NULL,NULL,1795942477000,NULL,6,NULL,NULL,NULL,NULL,'py_pickle',NULL,0,0,1795942478000,'null',NULL,NULL,0,'unispeech','dc0a2055-1d80-4129-8dfa-49c486ca7ffe');
INSERT INTO "workflow_status" VALUES('a65afbcc-1c10-4356-8338-7b0d20e8dd8c.0','SUCCESS','unispeech.transcribe',NULL,NULL,NULL,NULL,NULL,NULL,'worker-ffdad0e3',1795942478000,1795942478000,'unispeech-1','',NULL,NULL,1,'unispeech_transcribe',NULL,NULL,NULL,1795942478000,NULL,6,NULL,NULL,NULL,NULL,'py_pickle',NULL,0,0,1795942478000,'null',NULL,NULL,0,'unispeech','34f6d556-5ead-402d-91f1-5e86858ff561');
INSERT INTO "workflow_status" VALUES('a1494bc7-f88e-4aef-bf8c-bb97ff85f6c0.0','PENDING','unispeech.transcribe',NULL,NULL,NULL,NULL,NULL,NULL,'worker-ffdad0e3',1795942478000,1795942478000,'unispeech-1','',NULL,NULL,1,'unispeech_transcribe',NULL,NULL,NULL,1795942478000,NULL,6,NULL,NULL,'a2864f9b-37ff-4cb8-aef9-7d0b044de734',NULL,'py_pickle',NULL,0,0,NULL,'null',NULL,NULL,0,'unispeech','a639a5e0-8dde-408d-9302-925f0b42c0fb');
INSERT INTO "workflow_status" VALUES('365413fe-fc4f-4340-b635-7b6d47c8a5d4.0','ENQUEUED','unispeech.transcribe',NULL,NULL,NULL,NULL,NULL,NULL,'worker-ffdad0e3',1795942478000,1795942478000,'unispeech-1','',NULL,NULL,0,'unispeech_transcribe',NULL,NULL,NULL,NULL,NULL,6,NULL,NULL,NULL,NULL,'py_pickle',NULL,0,0,NULL,'null',NULL,NULL,0,'unispeech','a37ca763-63ae-4cfa-b9dc-89ec3ff64c00');
INSERT INTO "workflow_status" VALUES('254c6b51-7155-48ff-a0f6-0c1bf47f2a2f.0','ENQUEUED','unispeech.transcribe',NULL,NULL,NULL,NULL,NULL,NULL,'worker-ffdad0e3',1795942478000,1795942478000,'unispeech-1','',NULL,NULL,0,'unispeech_transcribe',NULL,NULL,NULL,NULL,NULL,6,NULL,NULL,NULL,NULL,'py_pickle',NULL,0,0,NULL,'null',NULL,NULL,0,'unispeech','25e7e11a-8355-4446-a0b3-df815c81db18');
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
COMMIT;
