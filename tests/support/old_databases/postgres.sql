SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA dbos;
CREATE FUNCTION dbos.enqueue_workflow(workflow_name text, queue_name text, positional_args json[] DEFAULT ARRAY[]::json[], named_args json DEFAULT '{}'::json, class_name text DEFAULT NULL::text, config_name text DEFAULT NULL::text, workflow_id text DEFAULT NULL::text, app_version text DEFAULT NULL::text, timeout_ms bigint DEFAULT NULL::bigint, deadline_epoch_ms bigint DEFAULT NULL::bigint, deduplication_id text DEFAULT NULL::text, priority integer DEFAULT NULL::integer, queue_partition_key text DEFAULT NULL::text, authenticated_user text DEFAULT NULL::text, authenticated_roles text DEFAULT NULL::text, delay_until_epoch_ms bigint DEFAULT NULL::bigint, application_name text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_workflow_id TEXT;
    v_serialized_inputs TEXT;
    v_owner_xid TEXT;
    v_now BIGINT;
    v_recovery_attempts INT4 := 0;
    v_priority INT4;
    v_status TEXT;
BEGIN
    -- Validate required parameters
    IF workflow_name IS NULL OR workflow_name = '' THEN
        RAISE EXCEPTION 'Workflow name cannot be null or empty';
    END IF;
    IF queue_name IS NULL OR queue_name = '' THEN
        RAISE EXCEPTION 'Queue name cannot be null or empty';
    END IF;
    IF named_args IS NOT NULL AND jsonb_typeof(named_args::jsonb) != 'object' THEN
        RAISE EXCEPTION 'Named args must be a JSON object';
    END IF;
    IF workflow_id IS NOT NULL AND workflow_id = '' THEN
        RAISE EXCEPTION 'Workflow ID cannot be an empty string if provided.';
    END IF;
    IF delay_until_epoch_ms IS NOT NULL AND delay_until_epoch_ms < 0 THEN
        RAISE EXCEPTION 'delay_until_epoch_ms must be >= 0';
    END IF;
    v_workflow_id := COALESCE(workflow_id, gen_random_uuid()::TEXT);
    v_owner_xid := gen_random_uuid()::TEXT;
    v_priority := COALESCE(priority, 0);
    v_serialized_inputs := json_build_object(
        'positionalArgs', positional_args,
        'namedArgs', named_args
    )::TEXT;
    v_now := EXTRACT(epoch FROM now()) * 1000;
    v_status := CASE WHEN delay_until_epoch_ms IS NULL THEN 'ENQUEUED' ELSE 'DELAYED' END;
    INSERT INTO "dbos".workflow_status (
        workflow_uuid, status,
        name, class_name, config_name,
        queue_name, deduplication_id, priority, queue_partition_key,
        application_version,
        created_at, updated_at, recovery_attempts,
        workflow_timeout_ms, workflow_deadline_epoch_ms,
        parent_workflow_id, owner_xid, serialization,
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    ) VALUES (
        v_workflow_id, v_status,
        workflow_name, class_name, config_name,
        queue_name, deduplication_id, v_priority, queue_partition_key,
        app_version,
        v_now, v_now, v_recovery_attempts,
        timeout_ms, deadline_epoch_ms,
        NULL, v_owner_xid, 'portable_json',
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    )
    ON CONFLICT (workflow_uuid)
    DO UPDATE SET
        updated_at = EXCLUDED.updated_at;
    INSERT INTO "dbos".workflow_input (
        workflow_uuid, inputs, retention_timestamp
    ) VALUES (
        v_workflow_id, v_serialized_inputs, v_now
    )
    ON CONFLICT (workflow_uuid) DO NOTHING;
    RETURN v_workflow_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'DBOS queue duplicated'
            USING DETAIL = format('Workflow %s with queue %s and deduplication ID %s already exists', v_workflow_id, queue_name, deduplication_id),
                ERRCODE = 'unique_violation';
END;
$$;
CREATE FUNCTION dbos.notifications_function() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    payload text := NEW.destination_uuid || '::' || NEW.topic;
BEGIN
    PERFORM pg_notify('dbos_notifications_channel', payload);
    RETURN NEW;
END;
$$;
CREATE FUNCTION dbos.send_message(destination_id text, message json, topic text DEFAULT NULL::text, message_id text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_topic TEXT := COALESCE(topic, '__null__topic__');
    v_message_id TEXT := COALESCE(message_id, gen_random_uuid()::TEXT);
BEGIN
    INSERT INTO "dbos".notifications (
        destination_uuid, topic, message, message_uuid, serialization
    ) VALUES (
        destination_id, v_topic, message, v_message_id, 'portable_json'
    )
    ON CONFLICT (message_uuid) DO NOTHING;
EXCEPTION
    WHEN foreign_key_violation THEN
        RAISE EXCEPTION 'DBOS non-existent workflow'
            USING DETAIL = format('Destination workflow %s does not exist', destination_id),
                ERRCODE = 'foreign_key_violation';
END;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE dbos.application_versions (
    version_id text NOT NULL,
    version_name text NOT NULL,
    version_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text
);
CREATE TABLE dbos.dbos_migrations (
    version bigint NOT NULL
);
CREATE TABLE dbos.event_dispatch_kv (
    service_name text NOT NULL,
    workflow_fn_name text NOT NULL,
    key text NOT NULL,
    value text,
    update_seq numeric(38,0),
    update_time numeric(38,15)
);
CREATE TABLE dbos.notifications (
    message_uuid text DEFAULT gen_random_uuid() NOT NULL,
    destination_uuid text NOT NULL,
    topic text,
    message text NOT NULL,
    created_at_epoch_ms bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    serialization text,
    consumed boolean DEFAULT false NOT NULL,
    consumed_by_function_id integer
);
CREATE TABLE dbos.operation_outputs (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    function_name text DEFAULT ''::text NOT NULL,
    output text,
    error text,
    child_workflow_id text,
    started_at_epoch_ms bigint,
    completed_at_epoch_ms bigint,
    serialization text,
    application_name text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);
CREATE TABLE dbos.queues (
    queue_id text DEFAULT (gen_random_uuid())::text NOT NULL,
    name text NOT NULL,
    concurrency integer,
    worker_concurrency integer,
    rate_limit_max integer,
    rate_limit_period_sec double precision,
    priority_enabled boolean DEFAULT false NOT NULL,
    partition_queue boolean DEFAULT false NOT NULL,
    polling_interval_sec double precision DEFAULT 1.0 NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text,
    partition_concurrency integer,
    partition_worker_concurrency integer,
    partition_rate_limit_max integer,
    partition_rate_limit_period_sec double precision
);
CREATE TABLE dbos.streams (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    "offset" integer NOT NULL,
    function_id integer DEFAULT 0 NOT NULL,
    serialization text
);
CREATE TABLE dbos.workflow_events (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);
CREATE TABLE dbos.workflow_events_history (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);
CREATE TABLE dbos.workflow_input (
    workflow_uuid text NOT NULL,
    inputs text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);
CREATE TABLE dbos.workflow_output (
    workflow_uuid text NOT NULL,
    output text,
    error text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);
CREATE TABLE dbos.workflow_schedules (
    schedule_id text NOT NULL,
    schedule_name text NOT NULL,
    workflow_name text NOT NULL,
    workflow_class_name text,
    schedule text NOT NULL,
    status text DEFAULT 'ACTIVE'::text NOT NULL,
    context text NOT NULL,
    last_fired_at text,
    automatic_backfill boolean DEFAULT false NOT NULL,
    cron_timezone text,
    queue_name text,
    application_name text
);
CREATE TABLE dbos.workflow_status (
    workflow_uuid text NOT NULL,
    status text,
    name text,
    authenticated_user text,
    assumed_role text,
    authenticated_roles text,
    request text,
    output text,
    error text,
    executor_id text,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_version text,
    application_id text,
    class_name character varying(255) DEFAULT NULL::character varying,
    config_name character varying(255) DEFAULT NULL::character varying,
    recovery_attempts bigint DEFAULT 0,
    queue_name text,
    workflow_timeout_ms bigint,
    workflow_deadline_epoch_ms bigint,
    inputs text,
    started_at_epoch_ms bigint,
    deduplication_id text,
    priority integer DEFAULT 0 NOT NULL,
    queue_partition_key text,
    forked_from text,
    owner_xid text,
    parent_workflow_id text,
    serialization text,
    delay_until_epoch_ms bigint,
    was_forked_from boolean DEFAULT false NOT NULL,
    rate_limited boolean DEFAULT false NOT NULL,
    completed_at bigint,
    attributes jsonb,
    schedule_name text,
    debounce_deadline_epoch_ms bigint,
    is_debounced boolean DEFAULT false NOT NULL,
    application_name text,
    creator_xid text
);
CREATE TABLE public.unispeech_chunks (
    job character varying(36) NOT NULL,
    run integer NOT NULL,
    number integer NOT NULL,
    result bytea NOT NULL
);
CREATE TABLE public.unispeech_events (
    number bigint NOT NULL,
    job character varying(36) NOT NULL,
    kind character varying(16) NOT NULL,
    body text NOT NULL
);
CREATE SEQUENCE public.unispeech_events_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.unispeech_events_number_seq OWNED BY public.unispeech_events.number;
CREATE TABLE public.unispeech_jobs (
    id character varying(36) NOT NULL,
    owner character varying(64) NOT NULL,
    dialect character varying(16) NOT NULL,
    state character varying(16) NOT NULL,
    filename text NOT NULL,
    options text NOT NULL,
    priority integer NOT NULL,
    webhook_id text,
    email text,
    url text,
    parent character varying(36),
    range_start double precision,
    range_end double precision,
    created double precision NOT NULL,
    started double precision,
    ended double precision,
    duration double precision,
    done double precision NOT NULL,
    worker character varying(64),
    run integer NOT NULL,
    interruptions integer NOT NULL,
    cancel boolean NOT NULL,
    error text
);
CREATE TABLE public.unispeech_keys (
    id character varying(16) NOT NULL,
    name text NOT NULL,
    hash character varying(64) NOT NULL,
    created double precision NOT NULL,
    rate_limit text,
    max_upload bigint,
    max_duration double precision
);
CREATE TABLE public.unispeech_revisions (
    job character varying(36) NOT NULL,
    number integer NOT NULL,
    created double precision NOT NULL,
    kind character varying(16) NOT NULL,
    author text,
    source character varying(36),
    segments integer NOT NULL,
    transcript bytea NOT NULL
);
CREATE TABLE public.unispeech_secrets (
    name character varying(16) NOT NULL,
    value character varying(64) NOT NULL
);
CREATE TABLE public.unispeech_shares (
    id character varying(16) NOT NULL,
    job character varying(36) NOT NULL,
    name text,
    hash character varying(64) NOT NULL,
    created double precision NOT NULL,
    expires double precision
);
CREATE TABLE public.unispeech_uploads (
    id character varying(36) NOT NULL,
    owner character varying(64) NOT NULL,
    filename text NOT NULL,
    size bigint NOT NULL,
    created double precision NOT NULL
);
CREATE TABLE public.unispeech_workers (
    id character varying(64) NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    beat double precision NOT NULL
);
ALTER TABLE ONLY public.unispeech_events ALTER COLUMN number SET DEFAULT nextval('public.unispeech_events_number_seq'::regclass);
INSERT INTO dbos.application_versions VALUES ('e60eb3fa-3328-4b5f-aad7-31910b24dbc9', 'unispeech-1', 1795942483412, 1795942483412, 'unispeech');
INSERT INTO dbos.dbos_migrations VALUES (125);
INSERT INTO dbos.queues VALUES ('43a9603d-5f74-4d63-b695-9710dee22c46', 'unispeech_transcribe', NULL, 1, NULL, NULL, true, false, 0.25, 1795942483442, 1795942483426, 'unispeech', NULL, NULL, NULL, NULL);
INSERT INTO dbos.queues VALUES ('d0192c17-673b-4d8b-8a1d-1631d4b894e5', 'unispeech_notify', NULL, 16, NULL, NULL, true, false, 0.25, 1795942483465, 1795942483465, 'unispeech', NULL, NULL, NULL, NULL);
INSERT INTO dbos.workflow_input VALUES ('9b810888-3b3b-4918-ba53-920963c0bbda.0', 'gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQ5YjgxMDg4OC0zYjNiLTQ5MTgtYmE1My05MjA5NjNjMGJiZGGUSwCGlIwGa3dhcmdzlH2UdS4=', 1795942483710);
INSERT INTO dbos.workflow_input VALUES ('6bc94f0c-3aff-4713-9d8f-8c660dcba4ef.0', 'gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQ2YmM5NGYwYy0zYWZmLTQ3MTMtOWQ4Zi04YzY2MGRjYmE0ZWaUSwCGlIwGa3dhcmdzlH2UdS4=', 1795942486510);
INSERT INTO dbos.workflow_input VALUES ('4e2b948e-ba05-405f-9ba5-ce17e64048e1.0', 'gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQ0ZTJiOTQ4ZS1iYTA1LTQwNWYtOWJhNS1jZTE3ZTY0MDQ4ZTGUSwCGlIwGa3dhcmdzlH2UdS4=', 1795942487053);
INSERT INTO dbos.workflow_input VALUES ('557b4ec3-7e69-47e9-9b38-1c9c09153f09.0', 'gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQ1NTdiNGVjMy03ZTY5LTQ3ZTktOWIzOC0xYzljMDkxNTNmMDmUSwCGlIwGa3dhcmdzlH2UdS4=', 1795942487258);
INSERT INTO dbos.workflow_input VALUES ('a5cde810-4c83-4d26-8d5b-7758b3b7aca2.0', 'gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCRhNWNkZTgxMC00YzgzLTRkMjYtOGQ1Yi03NzU4YjNiN2FjYTKUSwCGlIwGa3dhcmdzlH2UdS4=', 1795942487282);
INSERT INTO dbos.workflow_input VALUES ('9f4a70df-1bf2-45b0-89d7-35e20d58ad63.0', 'gASVQgAAAAAAAAB9lCiMBGFyZ3OUjCQ5ZjRhNzBkZi0xYmYyLTQ1YjAtODlkNy0zNWUyMGQ1OGFkNjOUSwCGlIwGa3dhcmdzlH2UdS4=', 1795942487301);
INSERT INTO dbos.workflow_output VALUES ('9b810888-3b3b-4918-ba53-920963c0bbda.0', 'gAROLg==', NULL, 1795942486422);
INSERT INTO dbos.workflow_output VALUES ('6bc94f0c-3aff-4713-9d8f-8c660dcba4ef.0', 'gAROLg==', NULL, 1795942486990);
INSERT INTO dbos.workflow_output VALUES ('4e2b948e-ba05-405f-9ba5-ce17e64048e1.0', 'gAROLg==', NULL, 1795942487150);
INSERT INTO dbos.workflow_status VALUES ('9b810888-3b3b-4918-ba53-920963c0bbda.0', 'SUCCESS', 'unispeech.transcribe', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-d0e5699b', 1795942483710, 1795942486422, 'unispeech-1', '', NULL, NULL, 1, 'unispeech_transcribe', NULL, NULL, NULL, 1795942484709, NULL, 6, NULL, NULL, NULL, NULL, 'py_pickle', NULL, false, false, 1795942486422, 'null', NULL, NULL, false, 'unispeech', '450f8394-c51a-4005-bc04-fddaae901ad3');
INSERT INTO dbos.workflow_status VALUES ('6bc94f0c-3aff-4713-9d8f-8c660dcba4ef.0', 'SUCCESS', 'unispeech.transcribe', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-d0e5699b', 1795942486510, 1795942486990, 'unispeech-1', '', NULL, NULL, 1, 'unispeech_transcribe', NULL, NULL, NULL, 1795942486581, NULL, 6, NULL, NULL, NULL, NULL, 'py_pickle', NULL, false, false, 1795942486990, 'null', NULL, NULL, false, 'unispeech', 'a7f5c5fb-70fa-4cd5-859f-6a2eab6e6b45');
INSERT INTO dbos.workflow_status VALUES ('4e2b948e-ba05-405f-9ba5-ce17e64048e1.0', 'SUCCESS', 'unispeech.transcribe', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-d0e5699b', 1795942487053, 1795942487150, 'unispeech-1', '', NULL, NULL, 1, 'unispeech_transcribe', NULL, NULL, NULL, 1795942487126, NULL, 6, NULL, NULL, NULL, NULL, 'py_pickle', NULL, false, false, 1795942487150, 'null', NULL, NULL, false, 'unispeech', '85760d9f-0cbd-4d70-80be-845fcaeafd32');
INSERT INTO dbos.workflow_status VALUES ('557b4ec3-7e69-47e9-9b38-1c9c09153f09.0', 'PENDING', 'unispeech.transcribe', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-d0e5699b', 1795942487258, 1795942487384, 'unispeech-1', '', NULL, NULL, 1, 'unispeech_transcribe', NULL, NULL, NULL, 1795942487384, NULL, 6, NULL, NULL, '1c1526d8-2144-4ed1-9982-64b5d0247ea9', NULL, 'py_pickle', NULL, false, false, NULL, 'null', NULL, NULL, false, 'unispeech', '264e2cfb-c663-4371-b94b-6e46d4561507');
INSERT INTO dbos.workflow_status VALUES ('9f4a70df-1bf2-45b0-89d7-35e20d58ad63.0', 'ENQUEUED', 'unispeech.transcribe', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-d0e5699b', 1795942487301, 1795942487301, 'unispeech-1', '', NULL, NULL, 0, 'unispeech_transcribe', NULL, NULL, NULL, NULL, NULL, 6, NULL, NULL, NULL, NULL, 'py_pickle', NULL, false, false, NULL, 'null', NULL, NULL, false, 'unispeech', '5c4dd8e3-4c55-4e2a-9cd5-f62a93aeeabd');
INSERT INTO dbos.workflow_status VALUES ('a5cde810-4c83-4d26-8d5b-7758b3b7aca2.0', 'ENQUEUED', 'unispeech.transcribe', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-d0e5699b', 1795942487282, 1795942487282, 'unispeech-1', '', NULL, NULL, 0, 'unispeech_transcribe', NULL, NULL, NULL, NULL, NULL, 6, NULL, NULL, NULL, NULL, 'py_pickle', NULL, false, false, NULL, 'null', NULL, NULL, false, 'unispeech', '1099dbfd-9aec-40bc-9ccd-a9e591f78f2b');
INSERT INTO public.unispeech_chunks VALUES ('557b4ec3-7e69-47e9-9b38-1c9c09153f09', 0, 0, '\x7b227365676d656e7473223a5b7b226964223a302c227374617274223a302e302c22656e64223a332e33362c2274657874223a2220506c656173652077616974206865726520666f722061206d6f6d656e74207768696c652049206f70656e2074686520646f6f722e222c22776f726473223a5b5d2c226176675f6c6f6770726f62223a2d302e30333834333339353431313936383233312c226e6f5f7370656563685f70726f62223a302e3030373232303035393136373539333731382c22737065616b6572223a6e756c6c2c226c616e6775616765223a6e756c6c7d5d2c22737573706963696f6e223a22222c22656d697373696f6e73223a6e756c6c7d');
INSERT INTO public.unispeech_chunks VALUES ('557b4ec3-7e69-47e9-9b38-1c9c09153f09', 0, 1, '\x7b227365676d656e7473223a5b7b226964223a302c227374617274223a302e302c22656e64223a332e373132303030303030303030303031352c2274657874223a22205468616e6b20796f7520666f722077616974696e672c20796f752063616e20636f6d6520696e206e6f77222c22776f726473223a5b5d2c226176675f6c6f6770726f62223a2d302e32373631363131303731343939393131352c226e6f5f7370656563685f70726f62223a302e30333936393234393132393239353334392c22737065616b6572223a6e756c6c2c226c616e6775616765223a6e756c6c7d5d2c22737573706963696f6e223a22222c22656d697373696f6e73223a6e756c6c7d');
INSERT INTO public.unispeech_events VALUES (1, '9b810888-3b3b-4918-ba53-920963c0bbda', 'state', '{"state": "queued"}');
INSERT INTO public.unispeech_events VALUES (2, '9b810888-3b3b-4918-ba53-920963c0bbda', 'state', '{"state": "running"}');
INSERT INTO public.unispeech_events VALUES (3, '9b810888-3b3b-4918-ba53-920963c0bbda', 'segment', '{"id": 0, "start": 0.0, "end": 3.08, "text": " Please wait here for a moment while I open the door.", "words": [{"start": 0.0, "end": 0.46, "word": " Please", "probability": 0.7378}, {"start": 0.46, "end": 0.78, "word": " wait", "probability": 0.996}, {"start": 0.78, "end": 1.12, "word": " here", "probability": 0.9741}, {"start": 1.12, "end": 1.34, "word": " for", "probability": 0.9976}, {"start": 1.34, "end": 1.42, "word": " a", "probability": 0.9949}, {"start": 1.42, "end": 1.78, "word": " moment", "probability": 0.9985}, {"start": 1.78, "end": 2.12, "word": " while", "probability": 0.9969}, {"start": 2.12, "end": 2.34, "word": " I", "probability": 0.9854}, {"start": 2.34, "end": 2.56, "word": " open", "probability": 0.985}, {"start": 2.56, "end": 2.78, "word": " the", "probability": 0.9959}, {"start": 2.78, "end": 3.08, "word": " door.", "probability": 0.9942}], "avg_logprob": -0.03843395411968231, "no_speech_prob": 0.007220059167593718}');
INSERT INTO public.unispeech_events VALUES (4, '9b810888-3b3b-4918-ba53-920963c0bbda', 'segment', '{"id": 1, "start": 15.04, "end": 16.72, "text": " Thank you for waiting.", "words": [{"start": 15.04, "end": 15.78, "word": " Thank", "probability": 0.9439}, {"start": 15.78, "end": 16.04, "word": " you", "probability": 0.9383}, {"start": 16.04, "end": 16.2, "word": " for", "probability": 0.9956}, {"start": 16.2, "end": 16.72, "word": " waiting.", "probability": 0.9818}], "avg_logprob": -0.06103658676147461, "no_speech_prob": 0.0207329411059618}');
INSERT INTO public.unispeech_events VALUES (5, '9b810888-3b3b-4918-ba53-920963c0bbda', 'segment', '{"id": 2, "start": 17.38, "end": 20.84, "text": " You can come in now and there is fresh bread on the table.", "words": [{"start": 17.38, "end": 17.56, "word": " You", "probability": 0.9868}, {"start": 17.56, "end": 17.82, "word": " can", "probability": 0.9975}, {"start": 17.82, "end": 18.04, "word": " come", "probability": 0.9969}, {"start": 18.04, "end": 18.28, "word": " in", "probability": 0.9951}, {"start": 18.28, "end": 18.7, "word": " now", "probability": 0.9917}, {"start": 18.7, "end": 19.14, "word": " and", "probability": 0.7172}, {"start": 19.14, "end": 19.34, "word": " there", "probability": 0.9972}, {"start": 19.34, "end": 19.58, "word": " is", "probability": 0.9873}, {"start": 19.58, "end": 19.88, "word": " fresh", "probability": 0.9407}, {"start": 19.88, "end": 20.12, "word": " bread", "probability": 0.9868}, {"start": 20.12, "end": 20.3, "word": " on", "probability": 0.9932}, {"start": 20.3, "end": 20.54, "word": " the", "probability": 0.9975}, {"start": 20.54, "end": 20.84, "word": " table.", "probability": 0.9974}], "avg_logprob": -0.06103658676147461, "no_speech_prob": 0.0207329411059618}');
INSERT INTO public.unispeech_events VALUES (6, '9b810888-3b3b-4918-ba53-920963c0bbda', 'state', '{"state": "done"}');
INSERT INTO public.unispeech_events VALUES (7, '6bc94f0c-3aff-4713-9d8f-8c660dcba4ef', 'state', '{"state": "queued"}');
INSERT INTO public.unispeech_events VALUES (8, '6bc94f0c-3aff-4713-9d8f-8c660dcba4ef', 'state', '{"state": "running"}');
INSERT INTO public.unispeech_events VALUES (9, '6bc94f0c-3aff-4713-9d8f-8c660dcba4ef', 'segment', '{"id": 0, "start": 15.04, "end": 15.98, "text": " Thank you for", "words": [{"start": 15.04, "end": 15.76, "word": " Thank", "probability": 0.9104}, {"start": 15.76, "end": 15.98, "word": " you", "probability": 0.8112}, {"start": 15.98, "end": 15.98, "word": " for", "probability": 0.5046}], "avg_logprob": -0.6018636077642441, "no_speech_prob": 0.16159510612487793}');
INSERT INTO public.unispeech_events VALUES (10, '6bc94f0c-3aff-4713-9d8f-8c660dcba4ef', 'state', '{"state": "done"}');
INSERT INTO public.unispeech_events VALUES (11, '4e2b948e-ba05-405f-9ba5-ce17e64048e1', 'state', '{"state": "queued"}');
INSERT INTO public.unispeech_events VALUES (12, '4e2b948e-ba05-405f-9ba5-ce17e64048e1', 'state', '{"state": "running"}');
INSERT INTO public.unispeech_events VALUES (13, '4e2b948e-ba05-405f-9ba5-ce17e64048e1', 'state', '{"state": "failed"}');
INSERT INTO public.unispeech_events VALUES (14, '557b4ec3-7e69-47e9-9b38-1c9c09153f09', 'state', '{"state": "queued"}');
INSERT INTO public.unispeech_events VALUES (15, 'a5cde810-4c83-4d26-8d5b-7758b3b7aca2', 'state', '{"state": "queued"}');
INSERT INTO public.unispeech_events VALUES (16, '9f4a70df-1bf2-45b0-89d7-35e20d58ad63', 'state', '{"state": "queued"}');
INSERT INTO public.unispeech_events VALUES (17, '557b4ec3-7e69-47e9-9b38-1c9c09153f09', 'state', '{"state": "running"}');
INSERT INTO public.unispeech_events VALUES (18, '557b4ec3-7e69-47e9-9b38-1c9c09153f09', 'segment', '{"id": 0, "start": 0.16, "end": 2.976, "text": " Please wait here for a moment while I open the door.", "words": [], "avg_logprob": -0.03843395411968231, "no_speech_prob": 0.007220059167593718}');
INSERT INTO public.unispeech_jobs VALUES ('9b810888-3b3b-4918-ba53-920963c0bbda', 'e248550469cb', 'api', 'done', 'pause.wav', '{"backend": "faster", "model": "tiny.en", "word_timestamps": true, "max_duration": 21600.0}', 5, NULL, NULL, NULL, NULL, NULL, NULL, 1795942483.7037113, 1795942484.7486522, 1795942486.3649879, 21.52, 21.52, 'worker-d0e5699b', 0, 0, false, NULL);
INSERT INTO public.unispeech_jobs VALUES ('6bc94f0c-3aff-4713-9d8f-8c660dcba4ef', 'e248550469cb', 'api', 'done', 'pause.wav', '{"backend": "faster", "model": "tiny.en", "word_timestamps": true, "beam_size": 2, "max_duration": 21600.0, "seen": "10226ebe44672941af63410d0b7bd98699c1dca8154c0c4c8352ec2eb0fe7fc1"}', 5, NULL, NULL, NULL, '9b810888-3b3b-4918-ba53-920963c0bbda', 8, 16, 1795942486.5075736, 1795942486.6044602, 1795942486.9652936, 8, 8, 'worker-d0e5699b', 0, 0, false, NULL);
INSERT INTO public.unispeech_jobs VALUES ('4e2b948e-ba05-405f-9ba5-ce17e64048e1', 'e248550469cb', 'api', 'failed', 'english.txt', '{"backend": "faster", "model": "tiny.en", "max_duration": 21600.0}', 5, NULL, NULL, NULL, NULL, NULL, NULL, 1795942487.050797, 1795942487.1389682, 1795942487.144526, NULL, 0, 'worker-d0e5699b', 0, 0, false, 'english.txt: not audio or video that can be read (Invalid data found when processing input); check that it plays, or convert it to WAV or FLAC');
INSERT INTO public.unispeech_jobs VALUES ('a5cde810-4c83-4d26-8d5b-7758b3b7aca2', 'e248550469cb', 'api', 'queued', 'pause.wav', '{"backend": "faster", "model": "tiny.en", "language": "en", "temperature": 0.2, "max_duration": 21600.0}', 5, NULL, NULL, NULL, NULL, NULL, NULL, 1795942487.274161, NULL, NULL, NULL, 0, NULL, 0, 0, false, NULL);
INSERT INTO public.unispeech_jobs VALUES ('9f4a70df-1bf2-45b0-89d7-35e20d58ad63', 'e248550469cb', 'api', 'queued', 'pause.wav', '{"backend": "faster", "model": "tiny.en", "word_timestamps": true, "max_duration": 21600.0, "seen": "e169bb94092b170203e4ef6f87fa31fbc894ad8f125275a2b9d6b920980ce652"}', 5, NULL, NULL, NULL, '9b810888-3b3b-4918-ba53-920963c0bbda', 0, 8, 1795942487.298066, NULL, NULL, NULL, 0, NULL, 0, 0, false, NULL);
INSERT INTO public.unispeech_jobs VALUES ('557b4ec3-7e69-47e9-9b38-1c9c09153f09', 'e248550469cb', 'api', 'running', 'long.wav', '{"backend": "faster", "model": "tiny.en", "batch_size": 1, "chunk_length": 5.0, "max_duration": 21600.0}', 5, NULL, NULL, NULL, NULL, NULL, NULL, 1795942487.2516, 1795942487.4109895, NULL, 129.12, 0, 'worker-d0e5699b', 0, 0, false, NULL);
INSERT INTO public.unispeech_keys VALUES ('e248550469cb', 'newsroom', '246770d3f77584fea285eeec8251ca2c45c7b0bc56f2ecc6d692ab9d529c7374', 1795942481.1468697, NULL, NULL, NULL);
INSERT INTO public.unispeech_revisions VALUES ('9b810888-3b3b-4918-ba53-920963c0bbda', 1, 1795942486.367389, 'decoded', NULL, NULL, 3, '\x785ebd57cb6ee34610fc158267999a9ef7f80ff696432e41b03086d258622c930249d96b2cf6df53438a32158f61310172b1249a5335fdaaeefe99f7e1479fdfe7bf1d82ef42f6eaab3edb8736648f4d9bf9ecb9790e759fbdeeab43c8be65cd31d459bf0fd9b669da22fb7defeba7ecad390d6fc7b355bd2bb23ff060e3eb6c83c359556775f39af97a1b0f02b8eab2c73674fbac6c83df66cd08d8fbf2108a7c951f7cbd3bf95dc09d428ddfdb53ebfbaaa9f37b4e85e2abbc0bbb78a72ebffff3675e6df37b8667bd6f61052bf03dd478260a6657936dd9bf310ed4af4dbb1d693ee0b342eaf105dcf38c8f13c7b6297d591daafe2ddec60863b4252338196384c4458fc13f8536bfaf4f87c32adfec7deb377d6823cdf75fab1953c41f4c010c4c99a8a2933f1239a799d08659a1a4534b6822f6404305c1b9134d8c5482c648a6251119e69493e676a211fd4c141d3111217152e6184d5a4bab4148f1e4ad7ea322829f79e4cc209f62918eb42067a521a6dd1296087d669947672c9714153894954e732ba55d10211aa23f50f1ab080d2599cc04271c59ce2d4927e976a346f833d33c44df122c5649c639d7308629b788e512205ea8590d4569491231d2f09c705a682e969813d1cfe6cc6304b549b94d59cb15525b5824c5129a4b7c46cd99127b50c864d271219821cb2493fa4ba6efabdcbfec1e0ecd2e6a4b7e7f078d137087700a85e8b4e502deaf9b075448d8ec1fc6b7f012339cb3181b6d9413e0fb60d3b5d246f1896a1a6339aa29a9825d8a491706d9716e169f087f4a32af40d495940ddd23e121292caeab9411ca18fbf1de9f8a26b8dee54c0f979fa2811e956012965b639c54d641411724178de8a302e862a6339fe89952da4a25b956d0cd25e53f804f3c3104f34610bb6daa66c80aceb89142097c7c95cca914d3847ea2a0bf9aa4913a9d629ca1b341630869a66f4eb0a8e6e7043385b8881b2b2c3c3a25d87f1a213ef46d9a11e1fb5c764094f220a225198317998af57573fb19c1c77899c2cee2858128d9e8141a9c93d2a079d3920c1cd147267b95eb71ec4a36066b2c72820c69474bbadd083f51f199c855499b147384f2553105bf56b8f7a1077644f08908893b253b26c8944551dbd053899140152f08932d003ef2b882663a81313531c691e1516b09e670524b1469449f98e65d751886931941503ea1d0bf05681718e566b38f2be23527f7555d2ac78d60ca1a0c72dc3ab5449346f0c9a8a8d097692e0ef6294967282812ce700c0e514d6e2e285744fcb18db3ab0168581f3ea95d86d151613ab16e41499df1272e9c9cccc2f6f161b6774e702e95264e12e57bbb49a001f4c4a266c9f7c964128b8859ac0f2498fd7260782f271045f48929caeb64d065dbfac7c2e29c119669fcb14ac8af93e2ff6a1de029fde66930257ff41d362644e4b9d986031e60eb7c2b86e9b1f7dd537cd0fabadbb455190b6c1a7386d1e8b29c515c1577fe382c5e708c6f6b74d3f32f28e8f1107aeca07d7b0a803db5f5f95f5d736a3771395df7cfc77517da97d0de3d563ff04a581f9baedfa104d65bdffbf55f4dd9ad5d6989596bef4429ca3b2c1cf6aef44adc39ce30716c58596efd1aa0f51693ddab7fc97ffd0df031b89c');
INSERT INTO public.unispeech_revisions VALUES ('9b810888-3b3b-4918-ba53-920963c0bbda', 2, 1795942486.493669, 'edited', 'newsroom', NULL, 3, '\x785eb553cb8edb300cfc1541675b962cbfaffd855e8aa208289b71dc389221c9c9068bfdf7d2592f50f40d2c7ab23522a899e1f099477c8abce31f9cf7d8471c98b9b313d841b08ff439b3bb5bd9d1797683294e7614ec13013d58d6bb0bb2c932eb6e8cea593ca12720b0a3c77062c6230cccd90d6711cc8c82277c063bae3022bd8896cec3ea214ecef22e57a2cc131e70bca08d81779f9ff934f04e1216c1134729e81f2d615ac8267963ce7ea64e8d6fce0f5b932f0987eb7898ddb8786778975217dd145ab765a1545b35b95609b7ee1016c4fe7478ada22259e7b99465abaaba6c75ade8412a81337aded9759e7fd4f292bcf2a56e3b5f550a59ec8c55256a52b79bfd1b6bff42bb5252576553d5952aeaa2fa35ed5cd63a6f491a51affe99f466fcabc9aa169aa43e6ccea56848c01be9770dfe4ff3f81fc268ee06faf343073f428834b7845fdc80330194e4bb78043042386f80071b7a3f19fc2ea48f308099e629dec9992d7e232c7baa6ee02dedc37ea26558668c94ebe857a4b6abb7fb5570abefb7c067f1b26401fd157d7a9c9ea804b3c58538d2be640344c8be3a13b2d6344a364d936aa34d5ab4aa490d943a6d73d956ba97c60c9051533b50966f70e52fdf002e342d45');
INSERT INTO public.unispeech_revisions VALUES ('9b810888-3b3b-4918-ba53-920963c0bbda', 3, 1795942486.9549663, 'decoded_again', NULL, '6bc94f0c-3aff-4713-9d8f-8c660dcba4ef', 3, '\x785ea554cbb2da300cfd158fd790f8153fd8f617bae9743a8c9d9890126cc671e032ccfdf72a10dadb427bdbe9ca8e224b473a47bae0ec5f325ee10f31255f67df2077465b1b9a027d846387ce71449b98d027386b1b501df71e7501857842e086f2d627300c6893fcb0452e79dba018263bcad6f5bec00bdcdbd08eb6f590c807f86ec6647317035e315a546c8107dfee7dc8035e7dbee0aec12b02b66c13402305dc7d001b2f885edc01a347c410f814533305f9b2c0f6d8aefbd81e527478b584285c0bce4d25283552334e1738c4f570f0bedeae6f5ee04414638454864a5519ae28240417bbf309afc2d8f7bfd6f2bab8e18568335e5a1544cc88e16ede40fea9a36fd05e7ef356c95b45d0b61b1bf066426a5dd777f93c01369470c594e1520921cd03da7a6b93055ed3b52b13da1f30a7f0d7c6ce30efa980f2c7449a5246b8504649a945a5fe29d3d484679940588f992a22a0ff420a6324e7eadd9a9e702d09d5924ba294144c88a75453492b53512229135a4107ff92e949ad37655255f07b618c141a589fa7e9ffa6e54f2296c0b7acb454920a25e4731133a23833207410b27c5fc2d04067ebdd9520bcb103a80558d9c7c6f760c85d3817d7a9cd76d84d8664c350a7cef937937d9da0efbaa4d3ccb6f6308fe2c9a6d08576fe820d72e87d866590d3e821ec98c2fc6b8863aaa72d51e6fda11c7c3afab4dc742fe0e2cb431c720b4ba66c6cb6e5d7e886d2384d89d67ac91d774b61a85e3a5bf1a56104b45313e71a5b42d0d0c00238d9237efd06f8eb85ed');
INSERT INTO public.unispeech_revisions VALUES ('6bc94f0c-3aff-4713-9d8f-8c660dcba4ef', 1, 1795942486.9666948, 'decoded', NULL, NULL, 1, '\x785e9552db6eeb2010fc9588675f20c660fc1d7dabaa688db1e313072cc069a32affde2569abf42255e70df632b33b3baf249a97485af2b0077bd89cddba199c271999c18e2b8c0653c6e2bf5f3dc4c959d23605cd4830e3d1d81848fbf84aa69eb42916c12314ab0bca33ecc228be55937d706cbe933c3bdfdf207eef952223a90687b8f5e2208b771d74d33cc533b2168ad14a6ea5aa84e45c289c623170309eb4769de78ce83d78d0d1f8c4f374c9eea912fcfd981f54a8c24fa286b12dadb854528886d7f2bf989208bf31ddb4feb6524d79ad18175c295155f2cf9d9e3202a77137bb31019136a785a0ac1195a0520abee59c65c4ba1d2a63f47e772ba20513ac5635a3826d792351c11f1b7df5c005793ad087eb1e648080a2e2f047d79b190371b2e7e26a9508e190021e6cd07eeacc9d9daeec9fe763c94a232cd7dbe0a9c1dbc98eef3fed8ecb6c223a30fad520eceaed7b2ab8d5eb64cd321e9732187f323e1fa6172c31e5e2421cbd09650f11ca7fae0ba5e8b4e203d57905c39073c9aa5cf5cd90375a08daeb0eb8194a04b53d6af70c27727903d2a5f659');
INSERT INTO public.unispeech_shares VALUES ('eb6cb5b14870', '9b810888-3b3b-4918-ba53-920963c0bbda', 'colleague', '2470bbffc2378fa1be4f63253acd62a473108acc17118ff8af4981e3252fcf9d', 1795942487.0381627, NULL);
INSERT INTO public.unispeech_uploads VALUES ('9cb60b07-a370-42de-a7dc-0116d3a8ff97', 'e248550469cb', 'a.wav', 1000, 1795942487.1958735);
INSERT INTO public.unispeech_workers VALUES ('worker-d0e5699b', 'THIS HOST',4194305, 1795942487.9299686);
SELECT pg_catalog.setval('public.unispeech_events_number_seq', 18, true);
ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_pkey PRIMARY KEY (version_id);
ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_version_name_key UNIQUE (version_name);
ALTER TABLE ONLY dbos.dbos_migrations
    ADD CONSTRAINT dbos_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY dbos.event_dispatch_kv
    ADD CONSTRAINT event_dispatch_kv_pkey PRIMARY KEY (service_name, workflow_fn_name, key);
ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (message_uuid);
ALTER TABLE ONLY dbos.operation_outputs
    ADD CONSTRAINT operation_outputs_pkey PRIMARY KEY (workflow_uuid, function_id);
ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_name_key UNIQUE (name);
ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_pkey PRIMARY KEY (queue_id);
ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (workflow_uuid, key, "offset");
ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_pkey PRIMARY KEY (workflow_uuid, function_id, key);
ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_pkey PRIMARY KEY (workflow_uuid, key);
ALTER TABLE ONLY dbos.workflow_input
    ADD CONSTRAINT workflow_input_pkey PRIMARY KEY (workflow_uuid);
ALTER TABLE ONLY dbos.workflow_output
    ADD CONSTRAINT workflow_output_pkey PRIMARY KEY (workflow_uuid);
ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_pkey PRIMARY KEY (schedule_id);
ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_schedule_name_key UNIQUE (schedule_name);
ALTER TABLE ONLY dbos.workflow_status
    ADD CONSTRAINT workflow_status_pkey PRIMARY KEY (workflow_uuid);
ALTER TABLE ONLY public.unispeech_chunks
    ADD CONSTRAINT unispeech_chunks_pkey PRIMARY KEY (job, run, number);
ALTER TABLE ONLY public.unispeech_events
    ADD CONSTRAINT unispeech_events_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.unispeech_jobs
    ADD CONSTRAINT unispeech_jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.unispeech_keys
    ADD CONSTRAINT unispeech_keys_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.unispeech_keys
    ADD CONSTRAINT unispeech_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.unispeech_revisions
    ADD CONSTRAINT unispeech_revisions_pkey PRIMARY KEY (job, number);
ALTER TABLE ONLY public.unispeech_secrets
    ADD CONSTRAINT unispeech_secrets_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.unispeech_shares
    ADD CONSTRAINT unispeech_shares_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.unispeech_uploads
    ADD CONSTRAINT unispeech_uploads_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.unispeech_workers
    ADD CONSTRAINT unispeech_workers_pkey PRIMARY KEY (id);
CREATE INDEX idx_application_versions_owner_timestamp ON dbos.application_versions USING btree (application_name, version_timestamp DESC);
CREATE INDEX idx_application_versions_timestamp ON dbos.application_versions USING btree (version_timestamp DESC);
CREATE INDEX idx_operation_outputs_completed_at_function_name_v2 ON dbos.operation_outputs USING btree (completed_at_epoch_ms, function_name) INCLUDE (application_name);
CREATE INDEX idx_operation_outputs_retention ON dbos.operation_outputs USING btree (retention_timestamp);
CREATE INDEX idx_workflow_input_retention ON dbos.workflow_input USING btree (retention_timestamp);
CREATE INDEX idx_workflow_output_retention ON dbos.workflow_output USING btree (retention_timestamp);
CREATE INDEX idx_workflow_status_attributes ON dbos.workflow_status USING gin (attributes) WHERE (attributes IS NOT NULL);
CREATE INDEX idx_workflow_status_completed_at ON dbos.workflow_status USING btree (completed_at) WHERE (completed_at IS NOT NULL);
CREATE INDEX idx_workflow_status_deadline ON dbos.workflow_status USING btree (workflow_deadline_epoch_ms) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text, 'DELAYED'::text])) AND (workflow_deadline_epoch_ms IS NOT NULL));
CREATE INDEX idx_workflow_status_delayed ON dbos.workflow_status USING btree (delay_until_epoch_ms) WHERE (status = 'DELAYED'::text);
CREATE INDEX idx_workflow_status_failed ON dbos.workflow_status USING btree (status, created_at) WHERE (status = ANY (ARRAY['ERROR'::text, 'CANCELLED'::text, 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'::text]));
CREATE INDEX idx_workflow_status_forked_from ON dbos.workflow_status USING btree (forked_from) WHERE (forked_from IS NOT NULL);
CREATE INDEX idx_workflow_status_in_flight_v2 ON dbos.workflow_status USING btree (queue_name, status, priority, created_at) INCLUDE (application_name) WHERE (status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text]));
CREATE INDEX idx_workflow_status_parent_workflow_id ON dbos.workflow_status USING btree (parent_workflow_id) WHERE (parent_workflow_id IS NOT NULL);
CREATE INDEX idx_workflow_status_partition_dequeue_v3 ON dbos.workflow_status USING btree (queue_name, status, queue_partition_key, priority, created_at, workflow_uuid) INCLUDE (application_name) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text])) AND (queue_partition_key IS NOT NULL));
CREATE INDEX idx_workflow_status_pending ON dbos.workflow_status USING btree (created_at) WHERE (status = 'PENDING'::text);
CREATE INDEX idx_workflow_status_rate_limited ON dbos.workflow_status USING btree (queue_name, started_at_epoch_ms) WHERE (rate_limited = true);
CREATE INDEX idx_workflow_status_schedule_name ON dbos.workflow_status USING btree (schedule_name) WHERE (schedule_name IS NOT NULL);
CREATE INDEX idx_workflow_status_started_at ON dbos.workflow_status USING btree (started_at_epoch_ms) WHERE (started_at_epoch_ms IS NOT NULL);
CREATE INDEX idx_workflow_topic ON dbos.notifications USING btree (destination_uuid, topic);
CREATE UNIQUE INDEX uq_application_versions_owner_version ON dbos.application_versions USING btree (application_name, version_name) WHERE (application_name IS NOT NULL);
CREATE UNIQUE INDEX uq_application_versions_unclaimed_version ON dbos.application_versions USING btree (version_name) WHERE (application_name IS NULL);
CREATE UNIQUE INDEX uq_workflow_status_dedup_id ON dbos.workflow_status USING btree (queue_name, deduplication_id) WHERE (deduplication_id IS NOT NULL);
CREATE INDEX workflow_status_created_at_index ON dbos.workflow_status USING btree (created_at);
CREATE INDEX ix_unispeech_events_job ON public.unispeech_events USING btree (job);
CREATE INDEX ix_unispeech_jobs_owner ON public.unispeech_jobs USING btree (owner);
CREATE INDEX ix_unispeech_jobs_state ON public.unispeech_jobs USING btree (state);
CREATE INDEX ix_unispeech_shares_job ON public.unispeech_shares USING btree (job);
CREATE INDEX ix_unispeech_uploads_owner ON public.unispeech_uploads USING btree (owner);
CREATE TRIGGER dbos_notifications_trigger AFTER INSERT ON dbos.notifications FOR EACH ROW EXECUTE FUNCTION dbos.notifications_function();
ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_destination_uuid_fkey FOREIGN KEY (destination_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
