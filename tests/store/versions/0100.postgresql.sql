SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.keep_activity_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'activity is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_activity_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF NEW.seq <> coalesce((SELECT max(seq) FROM activity), 0) + 1 OR NEW.previous <> coalesce((SELECT digest FROM activity WHERE seq = (SELECT max(seq) FROM activity)), '') THEN RAISE EXCEPTION 'activity is a chain: an entry must follow its head' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_activity_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'activity is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_activity_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'activity is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_nights_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_nights is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_nights_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_nights is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_nights_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_nights is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_proofs_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_proofs is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_proofs_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_proofs is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_proofs_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_proofs is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_steps_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_steps_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF NEW.step <> (SELECT count(*) FROM alert_steps WHERE alert = NEW.alert) + 1 THEN RAISE EXCEPTION 'alert_steps is append-only: a step must follow the last one' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_alert_steps_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alert_steps_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alert_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alerts_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alerts is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alerts_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alerts is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_alerts_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'alerts is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_application_steps_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'application_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_application_steps_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF NEW.step <> (SELECT count(*) FROM application_steps WHERE application = NEW.application) + 1 THEN RAISE EXCEPTION 'application_steps is append-only: a step must follow the last one' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_application_steps_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'application_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_application_steps_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'application_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_applications_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'applications is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_applications_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'applications is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_applications_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'applications is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_candidate_steps_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'candidate_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_candidate_steps_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF NEW.step <> (SELECT count(*) FROM candidate_steps WHERE candidate = NEW.candidate) + 1 THEN RAISE EXCEPTION 'candidate_steps is append-only: a step must follow the last one' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_candidate_steps_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'candidate_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_candidate_steps_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'candidate_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_candidates_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'candidates is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_candidates_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'candidates is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_candidates_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'candidates is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_champions_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'champions is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_champions_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'champions is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_champions_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'champions is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_changes_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF OLD.id = (SELECT max(id) FROM changes) THEN RAISE EXCEPTION 'changes is append-only: the last change stays' USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD; END$$;
CREATE FUNCTION public.keep_changes_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'changes is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_changes_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'changes is append-only until its time is over' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_demo_clock_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'demo_clock is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_demo_clock_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF (NOT EXISTS (SELECT 1 FROM demo_clock) AND EXISTS (SELECT 1 FROM activity)) OR NEW.step <> (SELECT count(*) FROM demo_clock) + 1 OR NEW.moment < (SELECT max(moment) FROM demo_clock) OR NEW.moment < (SELECT max(recorded_at) FROM activity) THEN RAISE EXCEPTION 'demo_clock is begun when a store is made and only moves forward: no store becomes a demo store later' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_demo_clock_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'demo_clock is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_demo_clock_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'demo_clock is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_files_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_files is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_files_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_files is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_files_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_files is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_replacements_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_replacements is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_replacements_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_replacements is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_replacements_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_replacements is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_results_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_results is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_results_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_results is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_results_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_results is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_seeds_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_seeds is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_seeds_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_seeds is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_seeds_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_seeds is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_steps_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_steps_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF NEW.step <> (SELECT count(*) FROM draw_steps WHERE draw = NEW.draw) + 1 THEN RAISE EXCEPTION 'draw_steps is append-only: a step must follow the last one' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_draw_steps_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draw_steps_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draw_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draws_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draws is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draws_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draws is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_draws_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'draws is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_idempotency_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'idempotency is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_idempotency_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'idempotency is append-only until its time is over' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_joint_draws_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'joint_draws is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_joint_draws_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'joint_draws is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_joint_draws_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'joint_draws is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_joint_members_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'joint_members is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_joint_members_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'joint_members is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_joint_members_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'joint_members is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_plans_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'plans is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_plans_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'plans is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_plans_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'plans is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_releases_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'releases is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_releases_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'releases is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_releases_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'releases is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_runs_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'runs is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_runs_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'runs is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_runs_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'runs is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_saved_views_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'saved_views is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_saved_views_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'saved_views is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_saved_views_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'saved_views is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_snapshots_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF EXISTS (SELECT 1 FROM runs WHERE run = OLD.run) THEN RAISE EXCEPTION 'snapshots is append-only once its run is published' USING ERRCODE = 'restrict_violation'; END IF; RETURN OLD; END$$;
CREATE FUNCTION public.keep_snapshots_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF EXISTS (SELECT 1 FROM runs WHERE run = NEW.run) THEN RAISE EXCEPTION 'snapshots is append-only once its run is published' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_snapshots_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'snapshots is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_snapshots_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'snapshots is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_tier_moves_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'tier_moves is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_tier_moves_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'tier_moves is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_tier_moves_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'tier_moves is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_triggered_checks_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'triggered_checks is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_triggered_checks_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'triggered_checks is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_triggered_checks_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'triggered_checks is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_triggered_steps_delete() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'triggered_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_triggered_steps_insert() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN IF NEW.step <> (SELECT count(*) FROM triggered_steps WHERE id = NEW.id) + 1 THEN RAISE EXCEPTION 'triggered_steps is append-only: a step must follow the last one' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END$$;
CREATE FUNCTION public.keep_triggered_steps_truncate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'triggered_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE FUNCTION public.keep_triggered_steps_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'triggered_steps is append-only' USING ERRCODE = 'restrict_violation'; END$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.activity (
    seq bigint NOT NULL,
    recorded_at text NOT NULL COLLATE pg_catalog."C",
    clock_back_ms bigint NOT NULL,
    actor text NOT NULL COLLATE pg_catalog."C",
    bureau text NOT NULL COLLATE pg_catalog."C",
    purpose text NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    payload text NOT NULL,
    algorithm text NOT NULL COLLATE pg_catalog."C",
    previous text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.alert_nights (
    as_of text NOT NULL COLLATE pg_catalog."C",
    inputs text NOT NULL COLLATE pg_catalog."C",
    report text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.alert_proofs (
    id bigint NOT NULL,
    trigger text NOT NULL COLLATE pg_catalog."C",
    numbers text NOT NULL COLLATE pg_catalog."C",
    as_of text NOT NULL COLLATE pg_catalog."C",
    data_digest text NOT NULL COLLATE pg_catalog."C",
    report text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.alert_steps (
    alert bigint NOT NULL,
    step integer NOT NULL,
    act text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    done_on text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL,
    details text NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    colour text NOT NULL COLLATE pg_catalog."C",
    owner text NOT NULL COLLATE pg_catalog."C",
    due_on text NOT NULL COLLATE pg_catalog."C",
    snoozed_until text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.alerts (
    id bigint NOT NULL,
    trigger text NOT NULL COLLATE pg_catalog."C",
    numbers text NOT NULL COLLATE pg_catalog."C",
    family text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    fact text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    bureau text NOT NULL COLLATE pg_catalog."C",
    bureaus text NOT NULL COLLATE pg_catalog."C",
    street text NOT NULL COLLATE pg_catalog."C",
    first_colour text NOT NULL COLLATE pg_catalog."C",
    strength double precision NOT NULL,
    p double precision,
    detected_on text NOT NULL COLLATE pg_catalog."C",
    earlier bigint,
    evidence text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.api_keys (
    prefix text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    bureau text NOT NULL COLLATE pg_catalog."C",
    roles text NOT NULL,
    expires_at text NOT NULL COLLATE pg_catalog."C",
    revoked_at text COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.application_steps (
    application bigint NOT NULL,
    step integer NOT NULL,
    act text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    done_on text NOT NULL COLLATE pg_catalog."C",
    official text NOT NULL,
    role text NOT NULL,
    reason text NOT NULL,
    details text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.applications (
    id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    record text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    authority text NOT NULL COLLATE pg_catalog."C",
    bureau text NOT NULL COLLATE pg_catalog."C",
    filed_on text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.candidate_steps (
    candidate bigint NOT NULL,
    step integer NOT NULL,
    act text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    recorded_at text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL,
    details text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.candidates (
    id bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    score text NOT NULL COLLATE pg_catalog."C",
    model text NOT NULL COLLATE pg_catalog."C",
    evaluation text NOT NULL,
    gates text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.champions (
    id bigint NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    replaces text NOT NULL COLLATE pg_catalog."C",
    from_day text NOT NULL COLLATE pg_catalog."C",
    candidate bigint,
    act text NOT NULL COLLATE pg_catalog."C",
    recorded_at text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.changes (
    id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    bureaus text NOT NULL COLLATE pg_catalog."C",
    run bigint NOT NULL,
    previous_run bigint NOT NULL,
    alert bigint NOT NULL,
    step bigint NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.current_run (
    singleton integer NOT NULL,
    run bigint NOT NULL,
    activity bigint NOT NULL,
    CONSTRAINT ck_current_run_singleton CHECK ((singleton = 1))
);
CREATE SEQUENCE public.current_run_singleton_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.current_run_singleton_seq OWNED BY public.current_run.singleton;
CREATE TABLE public.deliveries (
    subscription bigint NOT NULL,
    message bigint NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'waiting'::text NOT NULL COLLATE pg_catalog."C",
    attempts integer DEFAULT 0 NOT NULL,
    due_at text NOT NULL COLLATE pg_catalog."C",
    answer text DEFAULT ''::text NOT NULL,
    done_at text COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.demo_clock (
    step integer NOT NULL,
    moment text NOT NULL COLLATE pg_catalog."C",
    set_at text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.draw_files (
    draw text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    packed bytea NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.draw_replacements (
    draw text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    place integer NOT NULL,
    attempt integer NOT NULL,
    away text NOT NULL COLLATE pg_catalog."C",
    instead text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.draw_results (
    draw text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    entry integer NOT NULL,
    body text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.draw_seeds (
    digest text NOT NULL COLLATE pg_catalog."C",
    round text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.draw_steps (
    draw text NOT NULL COLLATE pg_catalog."C",
    step integer NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    recorded_at text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    details text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.draws (
    id text NOT NULL COLLATE pg_catalog."C",
    plan text NOT NULL COLLATE pg_catalog."C",
    bureau text NOT NULL COLLATE pg_catalog."C",
    round text NOT NULL COLLATE pg_catalog."C",
    as_of text NOT NULL COLLATE pg_catalog."C",
    replaces text COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.grants (
    login text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL COLLATE pg_catalog."C",
    bureau text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.idempotency (
    actor text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    request_digest text NOT NULL COLLATE pg_catalog."C",
    response text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.joint_draws (
    id text NOT NULL COLLATE pg_catalog."C",
    first text NOT NULL COLLATE pg_catalog."C",
    last text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.joint_members (
    draw text NOT NULL COLLATE pg_catalog."C",
    joint text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.login_failures (
    id bigint NOT NULL,
    address text NOT NULL COLLATE pg_catalog."C",
    failed_at text NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.login_failures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.login_failures_id_seq OWNED BY public.login_failures.id;
CREATE TABLE public.login_states (
    digest text NOT NULL COLLATE pg_catalog."C",
    nonce text NOT NULL COLLATE pg_catalog."C",
    verifier text NOT NULL COLLATE pg_catalog."C",
    begun_at text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    bureau text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    bureaus text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    run bigint NOT NULL,
    previous_run bigint NOT NULL,
    tier text COLLATE pg_catalog."C",
    previous_tier text COLLATE pg_catalog."C",
    payload text DEFAULT '{}'::text NOT NULL,
    delivered_at text COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.plans (
    id text NOT NULL COLLATE pg_catalog."C",
    bureau text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL,
    digest text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.releases (
    digest text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.runs (
    run bigint NOT NULL,
    as_of text NOT NULL COLLATE pg_catalog."C",
    provenance_digest text NOT NULL COLLATE pg_catalog."C",
    provenance text NOT NULL,
    enterprises bigint NOT NULL,
    tiers text NOT NULL,
    snapshot_digest text NOT NULL COLLATE pg_catalog."C",
    published_at text NOT NULL COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.saved_views (
    owner text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    query text NOT NULL,
    bureau text NOT NULL COLLATE pg_catalog."C",
    gone integer NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.sessions (
    digest text NOT NULL COLLATE pg_catalog."C",
    login text NOT NULL COLLATE pg_catalog."C",
    csrf text NOT NULL COLLATE pg_catalog."C",
    address text NOT NULL COLLATE pg_catalog."C",
    opened_at text NOT NULL COLLATE pg_catalog."C",
    seen_at text NOT NULL COLLATE pg_catalog."C",
    how text DEFAULT 'password'::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.snapshots (
    run bigint NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    tier text NOT NULL COLLATE pg_catalog."C",
    composite double precision NOT NULL,
    general double precision,
    x text NOT NULL,
    etag text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    bureau text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    street text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    name text DEFAULT ''::text NOT NULL,
    kind text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    size text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    fields text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    bureaus text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    previous_tier text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    moved double precision DEFAULT '0'::double precision NOT NULL,
    listings text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.subscriptions (
    id bigint NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    kinds text NOT NULL,
    bureau text NOT NULL COLLATE pg_catalog."C",
    secret text NOT NULL COLLATE pg_catalog."C",
    earlier_secret text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    earlier_until text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    spread_to bigint NOT NULL,
    ended_at text COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
CREATE TABLE public.tier_moves (
    candidate bigint NOT NULL,
    step integer NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    bureau text NOT NULL COLLATE pg_catalog."C",
    tier_before text NOT NULL COLLATE pg_catalog."C",
    tier_after text NOT NULL COLLATE pg_catalog."C",
    bureaus text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    composite_before double precision NOT NULL,
    composite_after double precision NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.triggered_checks (
    id text NOT NULL COLLATE pg_catalog."C",
    bureau text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.triggered_steps (
    id text NOT NULL COLLATE pg_catalog."C",
    step integer NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    recorded_at text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    details text NOT NULL,
    activity bigint NOT NULL
);
CREATE TABLE public.users (
    login text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    password_hash text NOT NULL,
    must_change integer NOT NULL,
    totp_secret text,
    failures integer DEFAULT 0 NOT NULL,
    locked_until text COLLATE pg_catalog."C",
    disabled_at text COLLATE pg_catalog."C",
    password_at text COLLATE pg_catalog."C",
    totp_pending text,
    totp_step bigint DEFAULT '0'::bigint NOT NULL,
    external text COLLATE pg_catalog."C",
    activity bigint NOT NULL
);
ALTER TABLE ONLY public.current_run ALTER COLUMN singleton SET DEFAULT nextval('public.current_run_singleton_seq'::regclass);
ALTER TABLE ONLY public.login_failures ALTER COLUMN id SET DEFAULT nextval('public.login_failures_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
INSERT INTO public.activity VALUES (1, '2026-06-30T16:00:00.000000Z', 0, 'xhcredit', '', 'operation', 'store.migrate', '{"after":"0100","before":"","guards":["keep_activity_delete","keep_activity_insert","keep_activity_truncate","keep_activity_update","keep_alert_nights_delete","keep_alert_nights_truncate","keep_alert_nights_update","keep_alert_proofs_delete","keep_alert_proofs_truncate","keep_alert_proofs_update","keep_alert_steps_delete","keep_alert_steps_insert","keep_alert_steps_truncate","keep_alert_steps_update","keep_alerts_delete","keep_alerts_truncate","keep_alerts_update","keep_application_steps_delete","keep_application_steps_insert","keep_application_steps_truncate","keep_application_steps_update","keep_applications_delete","keep_applications_truncate","keep_applications_update","keep_candidate_steps_delete","keep_candidate_steps_insert","keep_candidate_steps_truncate","keep_candidate_steps_update","keep_candidates_delete","keep_candidates_truncate","keep_candidates_update","keep_champions_delete","keep_champions_truncate","keep_champions_update","keep_changes_delete","keep_changes_truncate","keep_changes_update","keep_demo_clock_delete","keep_demo_clock_insert","keep_demo_clock_truncate","keep_demo_clock_update","keep_draw_files_delete","keep_draw_files_truncate","keep_draw_files_update","keep_draw_replacements_delete","keep_draw_replacements_truncate","keep_draw_replacements_update","keep_draw_results_delete","keep_draw_results_truncate","keep_draw_results_update","keep_draw_seeds_delete","keep_draw_seeds_truncate","keep_draw_seeds_update","keep_draw_steps_delete","keep_draw_steps_insert","keep_draw_steps_truncate","keep_draw_steps_update","keep_draws_delete","keep_draws_truncate","keep_draws_update","keep_idempotency_truncate","keep_idempotency_update","keep_joint_draws_delete","keep_joint_draws_truncate","keep_joint_draws_update","keep_joint_members_delete","keep_joint_members_truncate","keep_joint_members_update","keep_plans_delete","keep_plans_truncate","keep_plans_update","keep_releases_delete","keep_releases_truncate","keep_releases_update","keep_runs_delete","keep_runs_truncate","keep_runs_update","keep_saved_views_delete","keep_saved_views_truncate","keep_saved_views_update","keep_snapshots_delete","keep_snapshots_insert","keep_snapshots_truncate","keep_snapshots_update","keep_tier_moves_delete","keep_tier_moves_truncate","keep_tier_moves_update","keep_triggered_checks_delete","keep_triggered_checks_truncate","keep_triggered_checks_update","keep_triggered_steps_delete","keep_triggered_steps_insert","keep_triggered_steps_truncate","keep_triggered_steps_update"],"guards_restored":[]}', 'sha256', '', '619cdebe705f54b527e72acc02c3180aa380d26e054800b48fe135eb1dfd4dff');
INSERT INTO public.activity VALUES (2, '2026-06-30T16:00:00.000000Z', 0, 'night', '', 'nightly run', 'run.publish', '{"changed":0,"enterprises":4,"is_current":true,"provenance":{"as_of":"2026-06-29","code_version":"0","data_digest":"ABCD","feature_digest":"f","release":"test","release_digest":"r","rulebook_digest":"b"},"run":1,"snapshot_digest":"ff33b7da09cf76b78ca97f1962d2ce20df16b18d5b3f2bc717356eec34a73134"}', 'sha256', '619cdebe705f54b527e72acc02c3180aa380d26e054800b48fe135eb1dfd4dff', '65e46a06a0c564516be91fd5e1ce287d24e05717a074e08e9f24db8c16378e60');
INSERT INTO public.activity VALUES (3, '2026-06-30T16:00:00.000000Z', 0, 'night', '', 'nightly run', 'run.publish', '{"changed":1,"enterprises":4,"is_current":true,"provenance":{"as_of":"2026-06-30","code_version":"0","data_digest":"BBCD","feature_digest":"f","release":"test","release_digest":"r","rulebook_digest":"b"},"run":2,"snapshot_digest":"35b8c5dbcbba757f4a1e3bed99b60d8801c78a91da7b8253963abb6738e1f9ed"}', 'sha256', '65e46a06a0c564516be91fd5e1ce287d24e05717a074e08e9f24db8c16378e60', '4be6db1ab7659a9bf3e15fd03dfa699be4f33ea825325ed556876c80d21c07b2');
INSERT INTO public.activity VALUES (4, '2026-06-30T16:00:00.000000Z', 0, 'admin', '', 'version test', 'access.change', '{"login":"zhang"}', 'sha256', '4be6db1ab7659a9bf3e15fd03dfa699be4f33ea825325ed556876c80d21c07b2', '23a0708669fd4a35d7bac75f5676c86584f77fdab2b7dd5c73c4f34b469a7f18');
INSERT INTO public.activity VALUES (5, '2026-06-30T16:00:00.000000Z', 0, 'admin', '', 'version test', 'access.change', '{"bureau":"局","login":"zhang","role":"viewer","take":false}', 'sha256', '23a0708669fd4a35d7bac75f5676c86584f77fdab2b7dd5c73c4f34b469a7f18', '6ca3e9b2a3684a98dc22a4b11e99bcd00917bc5ab63ce38fa17a0cea2fe9db34');
INSERT INTO public.activity VALUES (6, '2026-06-30T16:00:00.000000Z', 0, 'zhang', '', 'x', 'view.save', '{"name":"查看","query":"tier=D","shared_with":"局"}', 'sha256', '6ca3e9b2a3684a98dc22a4b11e99bcd00917bc5ab63ce38fa17a0cea2fe9db34', 'e85a7c2bf797ee0145ff5691e5a2e18541d48ce17e08fa4875fc776dbf334024');
INSERT INTO public.activity VALUES (7, '2026-06-30T16:00:00.000000Z', 0, 'zhang', '', 'x', 'application.file', '{"application":1,"state":"filed"}', 'sha256', 'e85a7c2bf797ee0145ff5691e5a2e18541d48ce17e08fa4875fc776dbf334024', '0087ed3f5561eed9024fd6ce7fe0b6f213b28ca289d5d045dae68c52f80c2783');
INSERT INTO public.alembic_version VALUES ('0100');
INSERT INTO public.application_steps VALUES (1, 1, 'file', 'filed', '2026-06-30', '张三', 'officer', '已整改', '{}', 7);
INSERT INTO public.applications VALUES (1, 'restoration', '913100000000000003', 'penalties', '{"doc_no":"沪〔2024〕1号"}', '区局', '局', '2026-06-30', 7);
INSERT INTO public.changes VALUES (1, 'tier', '913100000000000000', '', 2, 1, 0, 0, 3);
INSERT INTO public.changes VALUES (2, 'score', '913100000000000000', '', 2, 1, 0, 0, 3);
INSERT INTO public.current_run VALUES (1, 2, 3);
INSERT INTO public.grants VALUES ('zhang', 'viewer', '局', 5);
INSERT INTO public.idempotency VALUES ('night', '5a9357bfa9452f49e7b32ab630036855d99072e0d4127f0cacfdcabbe43af0e4', '1d35ecffa399ffe78b401adee402f5ef4caa7e7b12403bd4dd95782c2562c47f', '{"changed":0,"is_current":true,"previous":null,"run":1}', 2);
INSERT INTO public.idempotency VALUES ('night', '32bf952b28fad1d5b03ac1c21238e3697262a8bd6b668bc3594f26d001f77823', 'd1ea25635d3d2aa0761669d6552f60ba9b2dda2d72f695e6ed85a8cb8e5435e7', '{"changed":1,"is_current":true,"previous":1,"run":2}', 3);
INSERT INTO public.outbox VALUES (1, 'tier_changed', '913100000000000000', '', '', 2, 1, 'B', 'A', '{}', NULL, 3);
INSERT INTO public.runs VALUES (1, '2026-06-29', '5a9357bfa9452f49e7b32ab630036855d99072e0d4127f0cacfdcabbe43af0e4', '{"as_of":"2026-06-29","code_version":"0","data_digest":"ABCD","feature_digest":"f","release":"test","release_digest":"r","rulebook_digest":"b"}', 4, '{"A":1,"B":1,"C":1,"D":1}', 'ff33b7da09cf76b78ca97f1962d2ce20df16b18d5b3f2bc717356eec34a73134', '2026-06-30T16:00:00.000000Z', 2);
INSERT INTO public.runs VALUES (2, '2026-06-30', '32bf952b28fad1d5b03ac1c21238e3697262a8bd6b668bc3594f26d001f77823', '{"as_of":"2026-06-30","code_version":"0","data_digest":"BBCD","feature_digest":"f","release":"test","release_digest":"r","rulebook_digest":"b"}', 4, '{"A":0,"B":2,"C":1,"D":1}', '35b8c5dbcbba757f4a1e3bed99b60d8801c78a91da7b8253963abb6738e1f9ed', '2026-06-30T16:00:00.000000Z', 3);
INSERT INTO public.saved_views VALUES ('zhang', '查看', 1, 'tier=D', '局', 0, 6);
INSERT INTO public.snapshots VALUES (1, '913100000000000000', 'A', 900, 900, '{}', 'c06a989b4e91237c761f94f434e89940', '\x7b22636f6465223a22393133313030303030303030303030303030222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3239222c2272756e223a312c2272656c65617365223a2274657374222c22636f6d706f73697465223a3930302e302c2274696572223a2241222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3930302e302c2278223a7b7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a22222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', '', '', '', 0, '');
INSERT INTO public.snapshots VALUES (1, '913100000000000001', 'B', 700.14, 700.14, '{"x_food":{"score":600.5,"grade":"B"}}', '39abf1dad44381b2c427898dba16cf32', '\x7b22636f6465223a22393133313030303030303030303030303031222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3239222c2272756e223a312c2272656c65617365223a2274657374222c22636f6d706f73697465223a3730302e31342c2274696572223a2242222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3730302e31342c2278223a7b22785f666f6f64223a7b2273636f7265223a3630302e352c226772616465223a2242227d7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b7b2273636f7265223a2267656e6572616c222c22696e64696361746f72223a2270656e616c746965735f32346d222c227a68223a22e8bf913234e4b8aae69c88e8a18ce694bfe5a484e7bd9ae6aca1e695b0222c22656e223a2270656e616c74696573222c2276616c7565223a312e302c22706f696e74735f6c6f7374223a31322e357d5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a22222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', ';x_food;', '', '', 0, '');
INSERT INTO public.snapshots VALUES (1, '913100000000000002', 'C', 500.29, 500.29, '{}', '4c6b696085070b45a46895944fd04806', '\x7b22636f6465223a22393133313030303030303030303030303032222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3239222c2272756e223a312c2272656c65617365223a2274657374222c22636f6d706f73697465223a3530302e32392c2274696572223a2243222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3530302e32392c2278223a7b7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b7b2273636f7265223a2267656e6572616c222c22696e64696361746f72223a2270656e616c746965735f32346d222c227a68223a22e8bf913234e4b8aae69c88e8a18ce694bfe5a484e7bd9ae6aca1e695b0222c22656e223a2270656e616c74696573222c2276616c7565223a312e302c22706f696e74735f6c6f7374223a31322e357d5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a22222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', '', '', '', 0, '');
INSERT INTO public.snapshots VALUES (1, '913100000000000003', 'D', 300.43, 300.43, '{"x_food":{"score":600.5,"grade":"B"}}', 'fb249ed4383eda7fab79fb5c124850d7', '\x7b22636f6465223a22393133313030303030303030303030303033222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3239222c2272756e223a312c2272656c65617365223a2274657374222c22636f6d706f73697465223a3330302e34332c2274696572223a2244222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3330302e34332c2278223a7b22785f666f6f64223a7b2273636f7265223a3630302e352c226772616465223a2242227d7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a22222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', ';x_food;', '', '', 0, '');
INSERT INTO public.snapshots VALUES (2, '913100000000000000', 'B', 700, 700, '{}', '5e7b218d03a119d7e383606e687d55d9', '\x7b22636f6465223a22393133313030303030303030303030303030222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3330222c2272756e223a322c2272656c65617365223a2274657374222c22636f6d706f73697465223a3730302e302c2274696572223a2242222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3730302e302c2278223a7b7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a2241222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', '', '', 'A', -200, '');
INSERT INTO public.snapshots VALUES (2, '913100000000000001', 'B', 700.14, 700.14, '{"x_food":{"score":600.5,"grade":"B"}}', '84caef5a539b893c87519f5de1174484', '\x7b22636f6465223a22393133313030303030303030303030303031222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3330222c2272756e223a322c2272656c65617365223a2274657374222c22636f6d706f73697465223a3730302e31342c2274696572223a2242222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3730302e31342c2278223a7b22785f666f6f64223a7b2273636f7265223a3630302e352c226772616465223a2242227d7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b7b2273636f7265223a2267656e6572616c222c22696e64696361746f72223a2270656e616c746965735f32346d222c227a68223a22e8bf913234e4b8aae69c88e8a18ce694bfe5a484e7bd9ae6aca1e695b0222c22656e223a2270656e616c74696573222c2276616c7565223a312e302c22706f696e74735f6c6f7374223a31322e357d5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a2242222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', ';x_food;', '', 'B', 0, '');
INSERT INTO public.snapshots VALUES (2, '913100000000000002', 'C', 500.29, 500.29, '{}', 'e8766eac83eb1d65fbcdf7d5d8a019f4', '\x7b22636f6465223a22393133313030303030303030303030303032222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3330222c2272756e223a322c2272656c65617365223a2274657374222c22636f6d706f73697465223a3530302e32392c2274696572223a2243222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3530302e32392c2278223a7b7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b7b2273636f7265223a2267656e6572616c222c22696e64696361746f72223a2270656e616c746965735f32346d222c227a68223a22e8bf913234e4b8aae69c88e8a18ce694bfe5a484e7bd9ae6aca1e695b0222c22656e223a2270656e616c74696573222c2276616c7565223a312e302c22706f696e74735f6c6f7374223a31322e357d5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a2243222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', '', '', 'C', 0, '');
INSERT INTO public.snapshots VALUES (2, '913100000000000003', 'D', 300.43, 300.43, '{"x_food":{"score":600.5,"grade":"B"}}', 'a3897362819c32b01d7a9b5486d11a3a', '\x7b22636f6465223a22393133313030303030303030303030303033222c226e616d65223a22222c2261735f6f66223a22323032362d30362d3330222c2272756e223a322c2272656c65617365223a2274657374222c22636f6d706f73697465223a3330302e34332c2274696572223a2244222c22646563696465645f6279223a2274696572732e6375746f666673222c2267656e6572616c223a3330302e34332c2278223a7b22785f666f6f64223a7b2273636f7265223a3630302e352c226772616465223a2242227d7d2c226e6174696f6e616c5f6576616c756174696f6e223a6e756c6c2c22726561736f6e73223a5b5d2c22627572656175223a22222c2262757265617573223a5b5d2c22737472656574223a22222c2270726576696f75735f74696572223a2244222c226d61726b223a22e58685e983a8e58f82e88083efbc9ae4bb85e794a8e4ba8ee9858de7bdaee79b91e7aea1e8b584e6ba90efbc8ce4b88de698afe4bfa1e794a8e8af84e4bbb7efbc8ce4b88de5be97e585ace5bc802028696e7465726e616c207265666572656e636520666f7220706c6163696e67207375706572766973696f6e207265736f75726365733b206e6f20637265646974206576616c756174696f6e3b206e6f74207075626c696329227d', '', '', '', '', '', ';x_food;', '', 'D', 0, '');
INSERT INTO public.users VALUES ('zhang', '张三', 'no hash', 1, NULL, 0, NULL, NULL, '2026-06-30T16:00:00.000000Z', NULL, 0, NULL, 4);
SELECT pg_catalog.setval('public.current_run_singleton_seq', 1, false);
SELECT pg_catalog.setval('public.login_failures_id_seq', 1, false);
SELECT pg_catalog.setval('public.outbox_id_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.activity
    ADD CONSTRAINT pk_activity PRIMARY KEY (seq);
ALTER TABLE ONLY public.alert_nights
    ADD CONSTRAINT pk_alert_nights PRIMARY KEY (as_of, inputs);
ALTER TABLE ONLY public.alert_proofs
    ADD CONSTRAINT pk_alert_proofs PRIMARY KEY (id);
ALTER TABLE ONLY public.alert_steps
    ADD CONSTRAINT pk_alert_steps PRIMARY KEY (alert, step);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT pk_alerts PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT pk_api_keys PRIMARY KEY (prefix);
ALTER TABLE ONLY public.application_steps
    ADD CONSTRAINT pk_application_steps PRIMARY KEY (application, step);
ALTER TABLE ONLY public.applications
    ADD CONSTRAINT pk_applications PRIMARY KEY (id);
ALTER TABLE ONLY public.candidate_steps
    ADD CONSTRAINT pk_candidate_steps PRIMARY KEY (candidate, step);
ALTER TABLE ONLY public.candidates
    ADD CONSTRAINT pk_candidates PRIMARY KEY (id);
ALTER TABLE ONLY public.champions
    ADD CONSTRAINT pk_champions PRIMARY KEY (id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT pk_changes PRIMARY KEY (id);
ALTER TABLE ONLY public.current_run
    ADD CONSTRAINT pk_current_run PRIMARY KEY (singleton);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (subscription, message);
ALTER TABLE ONLY public.demo_clock
    ADD CONSTRAINT pk_demo_clock PRIMARY KEY (step);
ALTER TABLE ONLY public.draw_files
    ADD CONSTRAINT pk_draw_files PRIMARY KEY (draw, name);
ALTER TABLE ONLY public.draw_replacements
    ADD CONSTRAINT pk_draw_replacements PRIMARY KEY (draw, code, place, attempt);
ALTER TABLE ONLY public.draw_results
    ADD CONSTRAINT pk_draw_results PRIMARY KEY (draw, code, entry);
ALTER TABLE ONLY public.draw_seeds
    ADD CONSTRAINT pk_draw_seeds PRIMARY KEY (digest);
ALTER TABLE ONLY public.draw_steps
    ADD CONSTRAINT pk_draw_steps PRIMARY KEY (draw, step);
ALTER TABLE ONLY public.draws
    ADD CONSTRAINT pk_draws PRIMARY KEY (id);
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT pk_grants PRIMARY KEY (login, role, bureau);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (actor, key);
ALTER TABLE ONLY public.joint_draws
    ADD CONSTRAINT pk_joint_draws PRIMARY KEY (id);
ALTER TABLE ONLY public.joint_members
    ADD CONSTRAINT pk_joint_members PRIMARY KEY (draw);
ALTER TABLE ONLY public.login_failures
    ADD CONSTRAINT pk_login_failures PRIMARY KEY (id);
ALTER TABLE ONLY public.login_states
    ADD CONSTRAINT pk_login_states PRIMARY KEY (digest);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);
ALTER TABLE ONLY public.plans
    ADD CONSTRAINT pk_plans PRIMARY KEY (id);
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT pk_releases PRIMARY KEY (digest);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT pk_runs PRIMARY KEY (run);
ALTER TABLE ONLY public.saved_views
    ADD CONSTRAINT pk_saved_views PRIMARY KEY (owner, name, version);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (digest);
ALTER TABLE ONLY public.snapshots
    ADD CONSTRAINT pk_snapshots PRIMARY KEY (run, code);
ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT pk_subscriptions PRIMARY KEY (id);
ALTER TABLE ONLY public.tier_moves
    ADD CONSTRAINT pk_tier_moves PRIMARY KEY (candidate, step, code);
ALTER TABLE ONLY public.triggered_checks
    ADD CONSTRAINT pk_triggered_checks PRIMARY KEY (id);
ALTER TABLE ONLY public.triggered_steps
    ADD CONSTRAINT pk_triggered_steps PRIMARY KEY (id, step);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (login);
ALTER TABLE ONLY public.activity
    ADD CONSTRAINT uq_activity_digest UNIQUE (digest);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT uq_alerts_trigger_subject_fact UNIQUE (trigger, subject, fact);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT uq_api_keys_digest UNIQUE (digest);
ALTER TABLE ONLY public.draw_seeds
    ADD CONSTRAINT uq_draw_seeds_round UNIQUE (round);
ALTER TABLE ONLY public.draws
    ADD CONSTRAINT uq_draws_replaces UNIQUE (replaces);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT uq_runs_provenance_digest UNIQUE (provenance_digest);
CREATE INDEX ix_activity_actor_recorded_at ON public.activity USING btree (actor, recorded_at);
CREATE INDEX ix_activity_recorded_at ON public.activity USING btree (recorded_at);
CREATE INDEX ix_alert_proofs_of ON public.alert_proofs USING btree (trigger, numbers, as_of);
CREATE INDEX ix_alert_steps_activity ON public.alert_steps USING btree (activity);
CREATE INDEX ix_alert_steps_state ON public.alert_steps USING btree (state, alert);
CREATE INDEX ix_alerts_code ON public.alerts USING btree (code, id);
CREATE INDEX ix_application_steps_state ON public.application_steps USING btree (state, application);
CREATE INDEX ix_applications_bureau ON public.applications USING btree (bureau, id);
CREATE INDEX ix_applications_of ON public.applications USING btree (code, record, key);
CREATE INDEX ix_candidates_digest ON public.candidates USING btree (digest);
CREATE INDEX ix_deliveries_message ON public.deliveries USING btree (message, state);
CREATE INDEX ix_deliveries_of ON public.deliveries USING btree (subscription, code, state, message);
CREATE INDEX ix_deliveries_state ON public.deliveries USING btree (subscription, state, message);
CREATE INDEX ix_draws_plan ON public.draws USING btree (plan);
CREATE INDEX ix_draws_round ON public.draws USING btree (round);
CREATE INDEX ix_joint_members_joint ON public.joint_members USING btree (joint);
CREATE INDEX ix_login_failures_address_failed_at ON public.login_failures USING btree (address, failed_at);
CREATE INDEX ix_outbox_waiting ON public.outbox USING btree (delivered_at, id);
CREATE INDEX ix_saved_views_bureau ON public.saved_views USING btree (bureau);
CREATE INDEX ix_sessions_login ON public.sessions USING btree (login);
CREATE INDEX ix_snapshots_cells ON public.snapshots USING btree (run, previous_tier, tier, bureaus, street, kind, size, fields, name, composite, code);
CREATE INDEX ix_snapshots_list ON public.snapshots USING btree (run, composite, code, tier, previous_tier, moved, bureaus, street, kind, size, fields, name);
CREATE INDEX ix_snapshots_moved ON public.snapshots USING btree (run, moved, code, tier, previous_tier, composite, bureaus, street, kind, size, fields, name);
CREATE INDEX ix_triggered_checks_code ON public.triggered_checks USING btree (code);
CREATE UNIQUE INDEX ix_users_external ON public.users USING btree (external);
CREATE TRIGGER keep_activity_delete BEFORE DELETE ON public.activity FOR EACH ROW EXECUTE FUNCTION public.keep_activity_delete();
ALTER TABLE public.activity ENABLE ALWAYS TRIGGER keep_activity_delete;
CREATE TRIGGER keep_activity_insert BEFORE INSERT ON public.activity FOR EACH ROW EXECUTE FUNCTION public.keep_activity_insert();
ALTER TABLE public.activity ENABLE ALWAYS TRIGGER keep_activity_insert;
CREATE TRIGGER keep_activity_truncate BEFORE TRUNCATE ON public.activity FOR EACH STATEMENT EXECUTE FUNCTION public.keep_activity_truncate();
ALTER TABLE public.activity ENABLE ALWAYS TRIGGER keep_activity_truncate;
CREATE TRIGGER keep_activity_update BEFORE UPDATE ON public.activity FOR EACH ROW EXECUTE FUNCTION public.keep_activity_update();
ALTER TABLE public.activity ENABLE ALWAYS TRIGGER keep_activity_update;
CREATE TRIGGER keep_alert_nights_delete BEFORE DELETE ON public.alert_nights FOR EACH ROW EXECUTE FUNCTION public.keep_alert_nights_delete();
ALTER TABLE public.alert_nights ENABLE ALWAYS TRIGGER keep_alert_nights_delete;
CREATE TRIGGER keep_alert_nights_truncate BEFORE TRUNCATE ON public.alert_nights FOR EACH STATEMENT EXECUTE FUNCTION public.keep_alert_nights_truncate();
ALTER TABLE public.alert_nights ENABLE ALWAYS TRIGGER keep_alert_nights_truncate;
CREATE TRIGGER keep_alert_nights_update BEFORE UPDATE ON public.alert_nights FOR EACH ROW EXECUTE FUNCTION public.keep_alert_nights_update();
ALTER TABLE public.alert_nights ENABLE ALWAYS TRIGGER keep_alert_nights_update;
CREATE TRIGGER keep_alert_proofs_delete BEFORE DELETE ON public.alert_proofs FOR EACH ROW EXECUTE FUNCTION public.keep_alert_proofs_delete();
ALTER TABLE public.alert_proofs ENABLE ALWAYS TRIGGER keep_alert_proofs_delete;
CREATE TRIGGER keep_alert_proofs_truncate BEFORE TRUNCATE ON public.alert_proofs FOR EACH STATEMENT EXECUTE FUNCTION public.keep_alert_proofs_truncate();
ALTER TABLE public.alert_proofs ENABLE ALWAYS TRIGGER keep_alert_proofs_truncate;
CREATE TRIGGER keep_alert_proofs_update BEFORE UPDATE ON public.alert_proofs FOR EACH ROW EXECUTE FUNCTION public.keep_alert_proofs_update();
ALTER TABLE public.alert_proofs ENABLE ALWAYS TRIGGER keep_alert_proofs_update;
CREATE TRIGGER keep_alert_steps_delete BEFORE DELETE ON public.alert_steps FOR EACH ROW EXECUTE FUNCTION public.keep_alert_steps_delete();
ALTER TABLE public.alert_steps ENABLE ALWAYS TRIGGER keep_alert_steps_delete;
CREATE TRIGGER keep_alert_steps_insert BEFORE INSERT ON public.alert_steps FOR EACH ROW EXECUTE FUNCTION public.keep_alert_steps_insert();
ALTER TABLE public.alert_steps ENABLE ALWAYS TRIGGER keep_alert_steps_insert;
CREATE TRIGGER keep_alert_steps_truncate BEFORE TRUNCATE ON public.alert_steps FOR EACH STATEMENT EXECUTE FUNCTION public.keep_alert_steps_truncate();
ALTER TABLE public.alert_steps ENABLE ALWAYS TRIGGER keep_alert_steps_truncate;
CREATE TRIGGER keep_alert_steps_update BEFORE UPDATE ON public.alert_steps FOR EACH ROW EXECUTE FUNCTION public.keep_alert_steps_update();
ALTER TABLE public.alert_steps ENABLE ALWAYS TRIGGER keep_alert_steps_update;
CREATE TRIGGER keep_alerts_delete BEFORE DELETE ON public.alerts FOR EACH ROW EXECUTE FUNCTION public.keep_alerts_delete();
ALTER TABLE public.alerts ENABLE ALWAYS TRIGGER keep_alerts_delete;
CREATE TRIGGER keep_alerts_truncate BEFORE TRUNCATE ON public.alerts FOR EACH STATEMENT EXECUTE FUNCTION public.keep_alerts_truncate();
ALTER TABLE public.alerts ENABLE ALWAYS TRIGGER keep_alerts_truncate;
CREATE TRIGGER keep_alerts_update BEFORE UPDATE ON public.alerts FOR EACH ROW EXECUTE FUNCTION public.keep_alerts_update();
ALTER TABLE public.alerts ENABLE ALWAYS TRIGGER keep_alerts_update;
CREATE TRIGGER keep_application_steps_delete BEFORE DELETE ON public.application_steps FOR EACH ROW EXECUTE FUNCTION public.keep_application_steps_delete();
ALTER TABLE public.application_steps ENABLE ALWAYS TRIGGER keep_application_steps_delete;
CREATE TRIGGER keep_application_steps_insert BEFORE INSERT ON public.application_steps FOR EACH ROW EXECUTE FUNCTION public.keep_application_steps_insert();
ALTER TABLE public.application_steps ENABLE ALWAYS TRIGGER keep_application_steps_insert;
CREATE TRIGGER keep_application_steps_truncate BEFORE TRUNCATE ON public.application_steps FOR EACH STATEMENT EXECUTE FUNCTION public.keep_application_steps_truncate();
ALTER TABLE public.application_steps ENABLE ALWAYS TRIGGER keep_application_steps_truncate;
CREATE TRIGGER keep_application_steps_update BEFORE UPDATE ON public.application_steps FOR EACH ROW EXECUTE FUNCTION public.keep_application_steps_update();
ALTER TABLE public.application_steps ENABLE ALWAYS TRIGGER keep_application_steps_update;
CREATE TRIGGER keep_applications_delete BEFORE DELETE ON public.applications FOR EACH ROW EXECUTE FUNCTION public.keep_applications_delete();
ALTER TABLE public.applications ENABLE ALWAYS TRIGGER keep_applications_delete;
CREATE TRIGGER keep_applications_truncate BEFORE TRUNCATE ON public.applications FOR EACH STATEMENT EXECUTE FUNCTION public.keep_applications_truncate();
ALTER TABLE public.applications ENABLE ALWAYS TRIGGER keep_applications_truncate;
CREATE TRIGGER keep_applications_update BEFORE UPDATE ON public.applications FOR EACH ROW EXECUTE FUNCTION public.keep_applications_update();
ALTER TABLE public.applications ENABLE ALWAYS TRIGGER keep_applications_update;
CREATE TRIGGER keep_candidate_steps_delete BEFORE DELETE ON public.candidate_steps FOR EACH ROW EXECUTE FUNCTION public.keep_candidate_steps_delete();
ALTER TABLE public.candidate_steps ENABLE ALWAYS TRIGGER keep_candidate_steps_delete;
CREATE TRIGGER keep_candidate_steps_insert BEFORE INSERT ON public.candidate_steps FOR EACH ROW EXECUTE FUNCTION public.keep_candidate_steps_insert();
ALTER TABLE public.candidate_steps ENABLE ALWAYS TRIGGER keep_candidate_steps_insert;
CREATE TRIGGER keep_candidate_steps_truncate BEFORE TRUNCATE ON public.candidate_steps FOR EACH STATEMENT EXECUTE FUNCTION public.keep_candidate_steps_truncate();
ALTER TABLE public.candidate_steps ENABLE ALWAYS TRIGGER keep_candidate_steps_truncate;
CREATE TRIGGER keep_candidate_steps_update BEFORE UPDATE ON public.candidate_steps FOR EACH ROW EXECUTE FUNCTION public.keep_candidate_steps_update();
ALTER TABLE public.candidate_steps ENABLE ALWAYS TRIGGER keep_candidate_steps_update;
CREATE TRIGGER keep_candidates_delete BEFORE DELETE ON public.candidates FOR EACH ROW EXECUTE FUNCTION public.keep_candidates_delete();
ALTER TABLE public.candidates ENABLE ALWAYS TRIGGER keep_candidates_delete;
CREATE TRIGGER keep_candidates_truncate BEFORE TRUNCATE ON public.candidates FOR EACH STATEMENT EXECUTE FUNCTION public.keep_candidates_truncate();
ALTER TABLE public.candidates ENABLE ALWAYS TRIGGER keep_candidates_truncate;
CREATE TRIGGER keep_candidates_update BEFORE UPDATE ON public.candidates FOR EACH ROW EXECUTE FUNCTION public.keep_candidates_update();
ALTER TABLE public.candidates ENABLE ALWAYS TRIGGER keep_candidates_update;
CREATE TRIGGER keep_champions_delete BEFORE DELETE ON public.champions FOR EACH ROW EXECUTE FUNCTION public.keep_champions_delete();
ALTER TABLE public.champions ENABLE ALWAYS TRIGGER keep_champions_delete;
CREATE TRIGGER keep_champions_truncate BEFORE TRUNCATE ON public.champions FOR EACH STATEMENT EXECUTE FUNCTION public.keep_champions_truncate();
ALTER TABLE public.champions ENABLE ALWAYS TRIGGER keep_champions_truncate;
CREATE TRIGGER keep_champions_update BEFORE UPDATE ON public.champions FOR EACH ROW EXECUTE FUNCTION public.keep_champions_update();
ALTER TABLE public.champions ENABLE ALWAYS TRIGGER keep_champions_update;
CREATE TRIGGER keep_changes_delete BEFORE DELETE ON public.changes FOR EACH ROW EXECUTE FUNCTION public.keep_changes_delete();
ALTER TABLE public.changes ENABLE ALWAYS TRIGGER keep_changes_delete;
CREATE TRIGGER keep_changes_truncate BEFORE TRUNCATE ON public.changes FOR EACH STATEMENT EXECUTE FUNCTION public.keep_changes_truncate();
ALTER TABLE public.changes ENABLE ALWAYS TRIGGER keep_changes_truncate;
CREATE TRIGGER keep_changes_update BEFORE UPDATE ON public.changes FOR EACH ROW EXECUTE FUNCTION public.keep_changes_update();
ALTER TABLE public.changes ENABLE ALWAYS TRIGGER keep_changes_update;
CREATE TRIGGER keep_demo_clock_delete BEFORE DELETE ON public.demo_clock FOR EACH ROW EXECUTE FUNCTION public.keep_demo_clock_delete();
ALTER TABLE public.demo_clock ENABLE ALWAYS TRIGGER keep_demo_clock_delete;
CREATE TRIGGER keep_demo_clock_insert BEFORE INSERT ON public.demo_clock FOR EACH ROW EXECUTE FUNCTION public.keep_demo_clock_insert();
ALTER TABLE public.demo_clock ENABLE ALWAYS TRIGGER keep_demo_clock_insert;
CREATE TRIGGER keep_demo_clock_truncate BEFORE TRUNCATE ON public.demo_clock FOR EACH STATEMENT EXECUTE FUNCTION public.keep_demo_clock_truncate();
ALTER TABLE public.demo_clock ENABLE ALWAYS TRIGGER keep_demo_clock_truncate;
CREATE TRIGGER keep_demo_clock_update BEFORE UPDATE ON public.demo_clock FOR EACH ROW EXECUTE FUNCTION public.keep_demo_clock_update();
ALTER TABLE public.demo_clock ENABLE ALWAYS TRIGGER keep_demo_clock_update;
CREATE TRIGGER keep_draw_files_delete BEFORE DELETE ON public.draw_files FOR EACH ROW EXECUTE FUNCTION public.keep_draw_files_delete();
ALTER TABLE public.draw_files ENABLE ALWAYS TRIGGER keep_draw_files_delete;
CREATE TRIGGER keep_draw_files_truncate BEFORE TRUNCATE ON public.draw_files FOR EACH STATEMENT EXECUTE FUNCTION public.keep_draw_files_truncate();
ALTER TABLE public.draw_files ENABLE ALWAYS TRIGGER keep_draw_files_truncate;
CREATE TRIGGER keep_draw_files_update BEFORE UPDATE ON public.draw_files FOR EACH ROW EXECUTE FUNCTION public.keep_draw_files_update();
ALTER TABLE public.draw_files ENABLE ALWAYS TRIGGER keep_draw_files_update;
CREATE TRIGGER keep_draw_replacements_delete BEFORE DELETE ON public.draw_replacements FOR EACH ROW EXECUTE FUNCTION public.keep_draw_replacements_delete();
ALTER TABLE public.draw_replacements ENABLE ALWAYS TRIGGER keep_draw_replacements_delete;
CREATE TRIGGER keep_draw_replacements_truncate BEFORE TRUNCATE ON public.draw_replacements FOR EACH STATEMENT EXECUTE FUNCTION public.keep_draw_replacements_truncate();
ALTER TABLE public.draw_replacements ENABLE ALWAYS TRIGGER keep_draw_replacements_truncate;
CREATE TRIGGER keep_draw_replacements_update BEFORE UPDATE ON public.draw_replacements FOR EACH ROW EXECUTE FUNCTION public.keep_draw_replacements_update();
ALTER TABLE public.draw_replacements ENABLE ALWAYS TRIGGER keep_draw_replacements_update;
CREATE TRIGGER keep_draw_results_delete BEFORE DELETE ON public.draw_results FOR EACH ROW EXECUTE FUNCTION public.keep_draw_results_delete();
ALTER TABLE public.draw_results ENABLE ALWAYS TRIGGER keep_draw_results_delete;
CREATE TRIGGER keep_draw_results_truncate BEFORE TRUNCATE ON public.draw_results FOR EACH STATEMENT EXECUTE FUNCTION public.keep_draw_results_truncate();
ALTER TABLE public.draw_results ENABLE ALWAYS TRIGGER keep_draw_results_truncate;
CREATE TRIGGER keep_draw_results_update BEFORE UPDATE ON public.draw_results FOR EACH ROW EXECUTE FUNCTION public.keep_draw_results_update();
ALTER TABLE public.draw_results ENABLE ALWAYS TRIGGER keep_draw_results_update;
CREATE TRIGGER keep_draw_seeds_delete BEFORE DELETE ON public.draw_seeds FOR EACH ROW EXECUTE FUNCTION public.keep_draw_seeds_delete();
ALTER TABLE public.draw_seeds ENABLE ALWAYS TRIGGER keep_draw_seeds_delete;
CREATE TRIGGER keep_draw_seeds_truncate BEFORE TRUNCATE ON public.draw_seeds FOR EACH STATEMENT EXECUTE FUNCTION public.keep_draw_seeds_truncate();
ALTER TABLE public.draw_seeds ENABLE ALWAYS TRIGGER keep_draw_seeds_truncate;
CREATE TRIGGER keep_draw_seeds_update BEFORE UPDATE ON public.draw_seeds FOR EACH ROW EXECUTE FUNCTION public.keep_draw_seeds_update();
ALTER TABLE public.draw_seeds ENABLE ALWAYS TRIGGER keep_draw_seeds_update;
CREATE TRIGGER keep_draw_steps_delete BEFORE DELETE ON public.draw_steps FOR EACH ROW EXECUTE FUNCTION public.keep_draw_steps_delete();
ALTER TABLE public.draw_steps ENABLE ALWAYS TRIGGER keep_draw_steps_delete;
CREATE TRIGGER keep_draw_steps_insert BEFORE INSERT ON public.draw_steps FOR EACH ROW EXECUTE FUNCTION public.keep_draw_steps_insert();
ALTER TABLE public.draw_steps ENABLE ALWAYS TRIGGER keep_draw_steps_insert;
CREATE TRIGGER keep_draw_steps_truncate BEFORE TRUNCATE ON public.draw_steps FOR EACH STATEMENT EXECUTE FUNCTION public.keep_draw_steps_truncate();
ALTER TABLE public.draw_steps ENABLE ALWAYS TRIGGER keep_draw_steps_truncate;
CREATE TRIGGER keep_draw_steps_update BEFORE UPDATE ON public.draw_steps FOR EACH ROW EXECUTE FUNCTION public.keep_draw_steps_update();
ALTER TABLE public.draw_steps ENABLE ALWAYS TRIGGER keep_draw_steps_update;
CREATE TRIGGER keep_draws_delete BEFORE DELETE ON public.draws FOR EACH ROW EXECUTE FUNCTION public.keep_draws_delete();
ALTER TABLE public.draws ENABLE ALWAYS TRIGGER keep_draws_delete;
CREATE TRIGGER keep_draws_truncate BEFORE TRUNCATE ON public.draws FOR EACH STATEMENT EXECUTE FUNCTION public.keep_draws_truncate();
ALTER TABLE public.draws ENABLE ALWAYS TRIGGER keep_draws_truncate;
CREATE TRIGGER keep_draws_update BEFORE UPDATE ON public.draws FOR EACH ROW EXECUTE FUNCTION public.keep_draws_update();
ALTER TABLE public.draws ENABLE ALWAYS TRIGGER keep_draws_update;
CREATE TRIGGER keep_idempotency_truncate BEFORE TRUNCATE ON public.idempotency FOR EACH STATEMENT EXECUTE FUNCTION public.keep_idempotency_truncate();
ALTER TABLE public.idempotency ENABLE ALWAYS TRIGGER keep_idempotency_truncate;
CREATE TRIGGER keep_idempotency_update BEFORE UPDATE ON public.idempotency FOR EACH ROW EXECUTE FUNCTION public.keep_idempotency_update();
ALTER TABLE public.idempotency ENABLE ALWAYS TRIGGER keep_idempotency_update;
CREATE TRIGGER keep_joint_draws_delete BEFORE DELETE ON public.joint_draws FOR EACH ROW EXECUTE FUNCTION public.keep_joint_draws_delete();
ALTER TABLE public.joint_draws ENABLE ALWAYS TRIGGER keep_joint_draws_delete;
CREATE TRIGGER keep_joint_draws_truncate BEFORE TRUNCATE ON public.joint_draws FOR EACH STATEMENT EXECUTE FUNCTION public.keep_joint_draws_truncate();
ALTER TABLE public.joint_draws ENABLE ALWAYS TRIGGER keep_joint_draws_truncate;
CREATE TRIGGER keep_joint_draws_update BEFORE UPDATE ON public.joint_draws FOR EACH ROW EXECUTE FUNCTION public.keep_joint_draws_update();
ALTER TABLE public.joint_draws ENABLE ALWAYS TRIGGER keep_joint_draws_update;
CREATE TRIGGER keep_joint_members_delete BEFORE DELETE ON public.joint_members FOR EACH ROW EXECUTE FUNCTION public.keep_joint_members_delete();
ALTER TABLE public.joint_members ENABLE ALWAYS TRIGGER keep_joint_members_delete;
CREATE TRIGGER keep_joint_members_truncate BEFORE TRUNCATE ON public.joint_members FOR EACH STATEMENT EXECUTE FUNCTION public.keep_joint_members_truncate();
ALTER TABLE public.joint_members ENABLE ALWAYS TRIGGER keep_joint_members_truncate;
CREATE TRIGGER keep_joint_members_update BEFORE UPDATE ON public.joint_members FOR EACH ROW EXECUTE FUNCTION public.keep_joint_members_update();
ALTER TABLE public.joint_members ENABLE ALWAYS TRIGGER keep_joint_members_update;
CREATE TRIGGER keep_plans_delete BEFORE DELETE ON public.plans FOR EACH ROW EXECUTE FUNCTION public.keep_plans_delete();
ALTER TABLE public.plans ENABLE ALWAYS TRIGGER keep_plans_delete;
CREATE TRIGGER keep_plans_truncate BEFORE TRUNCATE ON public.plans FOR EACH STATEMENT EXECUTE FUNCTION public.keep_plans_truncate();
ALTER TABLE public.plans ENABLE ALWAYS TRIGGER keep_plans_truncate;
CREATE TRIGGER keep_plans_update BEFORE UPDATE ON public.plans FOR EACH ROW EXECUTE FUNCTION public.keep_plans_update();
ALTER TABLE public.plans ENABLE ALWAYS TRIGGER keep_plans_update;
CREATE TRIGGER keep_releases_delete BEFORE DELETE ON public.releases FOR EACH ROW EXECUTE FUNCTION public.keep_releases_delete();
ALTER TABLE public.releases ENABLE ALWAYS TRIGGER keep_releases_delete;
CREATE TRIGGER keep_releases_truncate BEFORE TRUNCATE ON public.releases FOR EACH STATEMENT EXECUTE FUNCTION public.keep_releases_truncate();
ALTER TABLE public.releases ENABLE ALWAYS TRIGGER keep_releases_truncate;
CREATE TRIGGER keep_releases_update BEFORE UPDATE ON public.releases FOR EACH ROW EXECUTE FUNCTION public.keep_releases_update();
ALTER TABLE public.releases ENABLE ALWAYS TRIGGER keep_releases_update;
CREATE TRIGGER keep_runs_delete BEFORE DELETE ON public.runs FOR EACH ROW EXECUTE FUNCTION public.keep_runs_delete();
ALTER TABLE public.runs ENABLE ALWAYS TRIGGER keep_runs_delete;
CREATE TRIGGER keep_runs_truncate BEFORE TRUNCATE ON public.runs FOR EACH STATEMENT EXECUTE FUNCTION public.keep_runs_truncate();
ALTER TABLE public.runs ENABLE ALWAYS TRIGGER keep_runs_truncate;
CREATE TRIGGER keep_runs_update BEFORE UPDATE ON public.runs FOR EACH ROW EXECUTE FUNCTION public.keep_runs_update();
ALTER TABLE public.runs ENABLE ALWAYS TRIGGER keep_runs_update;
CREATE TRIGGER keep_saved_views_delete BEFORE DELETE ON public.saved_views FOR EACH ROW EXECUTE FUNCTION public.keep_saved_views_delete();
ALTER TABLE public.saved_views ENABLE ALWAYS TRIGGER keep_saved_views_delete;
CREATE TRIGGER keep_saved_views_truncate BEFORE TRUNCATE ON public.saved_views FOR EACH STATEMENT EXECUTE FUNCTION public.keep_saved_views_truncate();
ALTER TABLE public.saved_views ENABLE ALWAYS TRIGGER keep_saved_views_truncate;
CREATE TRIGGER keep_saved_views_update BEFORE UPDATE ON public.saved_views FOR EACH ROW EXECUTE FUNCTION public.keep_saved_views_update();
ALTER TABLE public.saved_views ENABLE ALWAYS TRIGGER keep_saved_views_update;
CREATE TRIGGER keep_snapshots_delete BEFORE DELETE ON public.snapshots FOR EACH ROW EXECUTE FUNCTION public.keep_snapshots_delete();
ALTER TABLE public.snapshots ENABLE ALWAYS TRIGGER keep_snapshots_delete;
CREATE TRIGGER keep_snapshots_insert BEFORE INSERT ON public.snapshots FOR EACH ROW EXECUTE FUNCTION public.keep_snapshots_insert();
ALTER TABLE public.snapshots ENABLE ALWAYS TRIGGER keep_snapshots_insert;
CREATE TRIGGER keep_snapshots_truncate BEFORE TRUNCATE ON public.snapshots FOR EACH STATEMENT EXECUTE FUNCTION public.keep_snapshots_truncate();
ALTER TABLE public.snapshots ENABLE ALWAYS TRIGGER keep_snapshots_truncate;
CREATE TRIGGER keep_snapshots_update BEFORE UPDATE ON public.snapshots FOR EACH ROW EXECUTE FUNCTION public.keep_snapshots_update();
ALTER TABLE public.snapshots ENABLE ALWAYS TRIGGER keep_snapshots_update;
CREATE TRIGGER keep_tier_moves_delete BEFORE DELETE ON public.tier_moves FOR EACH ROW EXECUTE FUNCTION public.keep_tier_moves_delete();
ALTER TABLE public.tier_moves ENABLE ALWAYS TRIGGER keep_tier_moves_delete;
CREATE TRIGGER keep_tier_moves_truncate BEFORE TRUNCATE ON public.tier_moves FOR EACH STATEMENT EXECUTE FUNCTION public.keep_tier_moves_truncate();
ALTER TABLE public.tier_moves ENABLE ALWAYS TRIGGER keep_tier_moves_truncate;
CREATE TRIGGER keep_tier_moves_update BEFORE UPDATE ON public.tier_moves FOR EACH ROW EXECUTE FUNCTION public.keep_tier_moves_update();
ALTER TABLE public.tier_moves ENABLE ALWAYS TRIGGER keep_tier_moves_update;
CREATE TRIGGER keep_triggered_checks_delete BEFORE DELETE ON public.triggered_checks FOR EACH ROW EXECUTE FUNCTION public.keep_triggered_checks_delete();
ALTER TABLE public.triggered_checks ENABLE ALWAYS TRIGGER keep_triggered_checks_delete;
CREATE TRIGGER keep_triggered_checks_truncate BEFORE TRUNCATE ON public.triggered_checks FOR EACH STATEMENT EXECUTE FUNCTION public.keep_triggered_checks_truncate();
ALTER TABLE public.triggered_checks ENABLE ALWAYS TRIGGER keep_triggered_checks_truncate;
CREATE TRIGGER keep_triggered_checks_update BEFORE UPDATE ON public.triggered_checks FOR EACH ROW EXECUTE FUNCTION public.keep_triggered_checks_update();
ALTER TABLE public.triggered_checks ENABLE ALWAYS TRIGGER keep_triggered_checks_update;
CREATE TRIGGER keep_triggered_steps_delete BEFORE DELETE ON public.triggered_steps FOR EACH ROW EXECUTE FUNCTION public.keep_triggered_steps_delete();
ALTER TABLE public.triggered_steps ENABLE ALWAYS TRIGGER keep_triggered_steps_delete;
CREATE TRIGGER keep_triggered_steps_insert BEFORE INSERT ON public.triggered_steps FOR EACH ROW EXECUTE FUNCTION public.keep_triggered_steps_insert();
ALTER TABLE public.triggered_steps ENABLE ALWAYS TRIGGER keep_triggered_steps_insert;
CREATE TRIGGER keep_triggered_steps_truncate BEFORE TRUNCATE ON public.triggered_steps FOR EACH STATEMENT EXECUTE FUNCTION public.keep_triggered_steps_truncate();
ALTER TABLE public.triggered_steps ENABLE ALWAYS TRIGGER keep_triggered_steps_truncate;
CREATE TRIGGER keep_triggered_steps_update BEFORE UPDATE ON public.triggered_steps FOR EACH ROW EXECUTE FUNCTION public.keep_triggered_steps_update();
ALTER TABLE public.triggered_steps ENABLE ALWAYS TRIGGER keep_triggered_steps_update;
ALTER TABLE ONLY public.alert_nights
    ADD CONSTRAINT fk_alert_nights_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.alert_proofs
    ADD CONSTRAINT fk_alert_proofs_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.alert_steps
    ADD CONSTRAINT fk_alert_steps_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.alert_steps
    ADD CONSTRAINT fk_alert_steps_alert FOREIGN KEY (alert) REFERENCES public.alerts(id);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT fk_alerts_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT fk_api_keys_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.application_steps
    ADD CONSTRAINT fk_application_steps_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.application_steps
    ADD CONSTRAINT fk_application_steps_application FOREIGN KEY (application) REFERENCES public.applications(id);
ALTER TABLE ONLY public.applications
    ADD CONSTRAINT fk_applications_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.candidate_steps
    ADD CONSTRAINT fk_candidate_steps_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.candidate_steps
    ADD CONSTRAINT fk_candidate_steps_candidate FOREIGN KEY (candidate) REFERENCES public.candidates(id);
ALTER TABLE ONLY public.candidates
    ADD CONSTRAINT fk_candidates_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.candidates
    ADD CONSTRAINT fk_candidates_digest FOREIGN KEY (digest) REFERENCES public.releases(digest);
ALTER TABLE ONLY public.champions
    ADD CONSTRAINT fk_champions_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.champions
    ADD CONSTRAINT fk_champions_digest FOREIGN KEY (digest) REFERENCES public.releases(digest);
ALTER TABLE ONLY public.champions
    ADD CONSTRAINT fk_champions_replaces FOREIGN KEY (replaces) REFERENCES public.releases(digest);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT fk_changes_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.current_run
    ADD CONSTRAINT fk_current_run_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.current_run
    ADD CONSTRAINT fk_current_run_run FOREIGN KEY (run) REFERENCES public.runs(run);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_message FOREIGN KEY (message) REFERENCES public.outbox(id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_subscription FOREIGN KEY (subscription) REFERENCES public.subscriptions(id);
ALTER TABLE ONLY public.demo_clock
    ADD CONSTRAINT fk_demo_clock_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.draw_files
    ADD CONSTRAINT fk_draw_files_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.draw_files
    ADD CONSTRAINT fk_draw_files_draw FOREIGN KEY (draw) REFERENCES public.draws(id);
ALTER TABLE ONLY public.draw_replacements
    ADD CONSTRAINT fk_draw_replacements_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.draw_replacements
    ADD CONSTRAINT fk_draw_replacements_draw FOREIGN KEY (draw) REFERENCES public.draws(id);
ALTER TABLE ONLY public.draw_results
    ADD CONSTRAINT fk_draw_results_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.draw_results
    ADD CONSTRAINT fk_draw_results_draw FOREIGN KEY (draw) REFERENCES public.draws(id);
ALTER TABLE ONLY public.draw_seeds
    ADD CONSTRAINT fk_draw_seeds_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.draw_steps
    ADD CONSTRAINT fk_draw_steps_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.draw_steps
    ADD CONSTRAINT fk_draw_steps_draw FOREIGN KEY (draw) REFERENCES public.draws(id);
ALTER TABLE ONLY public.draws
    ADD CONSTRAINT fk_draws_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.draws
    ADD CONSTRAINT fk_draws_plan FOREIGN KEY (plan) REFERENCES public.plans(id);
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT fk_grants_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT fk_grants_login FOREIGN KEY (login) REFERENCES public.users(login);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT fk_idempotency_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.joint_draws
    ADD CONSTRAINT fk_joint_draws_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.joint_members
    ADD CONSTRAINT fk_joint_members_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.joint_members
    ADD CONSTRAINT fk_joint_members_draw FOREIGN KEY (draw) REFERENCES public.draws(id);
ALTER TABLE ONLY public.joint_members
    ADD CONSTRAINT fk_joint_members_joint FOREIGN KEY (joint) REFERENCES public.joint_draws(id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT fk_outbox_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.plans
    ADD CONSTRAINT fk_plans_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.releases
    ADD CONSTRAINT fk_releases_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT fk_runs_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.saved_views
    ADD CONSTRAINT fk_saved_views_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_login FOREIGN KEY (login) REFERENCES public.users(login);
ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT fk_subscriptions_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.tier_moves
    ADD CONSTRAINT fk_tier_moves_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.triggered_checks
    ADD CONSTRAINT fk_triggered_checks_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.triggered_steps
    ADD CONSTRAINT fk_triggered_steps_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.triggered_steps
    ADD CONSTRAINT fk_triggered_steps_id FOREIGN KEY (id) REFERENCES public.triggered_checks(id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT fk_users_activity FOREIGN KEY (activity) REFERENCES public.activity(seq) DEFERRABLE INITIALLY DEFERRED;
