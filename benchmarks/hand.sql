-- The contest's features as a careful person writes them in DuckDB: one pass per table, filtered
-- aggregates, windows of the day first, lists only where an order matters.  $day is the as-of day.
-- Needs one view per canonical table.  One row per enterprise present on the day, ordered by code.
WITH
here AS (
  SELECT code, status, status_on, kind, size, new_form, established_on FROM enterprise
  WHERE known_on <= $day AND (deregistered_on IS NULL OR deregistered_on > $day)
),
change AS (
  SELECT code,
    count(*) FILTER (kind IN ('legal_representative', 'shareholder', 'manager')
                     AND age < 730) AS key_person_changes_24m,
    count(*) FILTER (kind = 'capital_decrease') AS capital_decreases_36m,
    count(DISTINCT kind) FILTER (age < 730 AND kind IN ('name', 'legal_representative',
      'shareholder', 'capital_decrease', 'manager', 'type')) AS change_kinds_24m
  FROM (SELECT code, kind, $day - occurred_on AS age FROM registration_change
        WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1095
          AND (withdrawn_on IS NULL OR withdrawn_on > $day))
  GROUP BY code
),
report AS (
  SELECT code,
    count(*) FILTER (outcome = 'missed' AND age < 1095) AS annual_reports_missed_36m,
    count(*) FILTER (outcome = 'late' AND age < 1095) AS annual_reports_late_36m,
    list(outcome = 'on_time' ORDER BY age, event_id DESC) AS newest
  FROM (SELECT code, outcome, event_id, $day - occurred_on AS age FROM annual_report
        WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1826
          AND (withdrawn_on IS NULL OR withdrawn_on > $day))
  GROUP BY code
),
court AS (
  SELECT code,
    count(*) FILTER (kind = 'equity_freeze') AS equity_freezes_open,
    count(*) FILTER (kind = 'dishonest_debtor') AS dishonest_debtor_open,
    count(*) FILTER (kind = 'judgment_debtor') AS judgment_debtor_open
  FROM judicial
  WHERE known_on <= $day AND occurred_on <= $day
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND NOT coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE)
  GROUP BY code
),
visit AS (
  SELECT code, age, event_id, form, field, result, failed,
    result <> 'unreachable' AND result <> 'no_activity' AS told,
    told AND failed AS bad,
    coalesce(ended_on <= $day AND ended_known_on <= $day AND NOT recheck_passed, FALSE) AS unmet,
    CAST(round(pow(2.0::DOUBLE, -age / 365.0::DOUBLE) * 1073741824) AS BIGINT) AS weight
  FROM (SELECT *, $day - occurred_on AS age FROM inspection
        WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1826
          AND (withdrawn_on IS NULL OR withdrawn_on > $day))
),
inspected AS (
  SELECT code,
    count(*) FILTER (told AND age < 1095) AS inspections_36m,
    count(*) FILTER (told) AS inspections_60m,
    count(*) FILTER (bad AND age < 1095) AS inspections_failed_36m,
    count(*) FILTER (bad) AS inspections_failed_60m,
    count(*) FILTER (told AND form = 'random' AND age < 1095) AS random_inspections_36m,
    count(*) FILTER (bad AND form = 'random' AND age < 1095) AS random_inspections_failed_36m,
    sum(weight) FILTER (told) / 1073741824.0::DOUBLE AS inspections_decayed_365d,
    sum(weight) FILTER (bad) / 1073741824.0::DOUBLE AS inspections_failed_decayed_365d,
    list(failed ORDER BY age, event_id DESC) FILTER (told) AS newest,
    min(age) FILTER (bad) AS days_since_last_failed_inspection,
    count(DISTINCT field) FILTER (bad AND age < 1095) AS fields_failed_36m,
    count(*) FILTER (unmet AND age < 1095) AS rechecks_failed_36m,
    count(*) FILTER (result = 'refused' AND age < 1095) AS inspections_refused_36m,
    count(*) FILTER (result IN ('not_published', 'concealment') AND age < 1095)
      AS disclosures_failed_36m
  FROM visit GROUP BY code
),
punished AS (
  SELECT code,
    count(*) FILTER (age < 730) AS penalties_24m,
    count(*) AS penalties_36m,
    count(*) FILTER (age < 730 AND (severity = 'serious' OR (severity IS NULL
      AND regexp_matches(penalty_kinds, 'licence_revocation|occupation_ban|closure'))))
      AS penalties_serious_24m,
    count(*) FILTER (regexp_matches(penalty_kinds,
      'suspension|licence_revocation|business_restriction|occupation_ban|downgrade|closure'))
      AS penalties_restricting_36m,
    sum(amount_yuan) AS penalty_yuan_36m,
    min(age) AS days_since_last_penalty
  FROM (SELECT code, severity, penalty_kinds, amount_yuan, $day - occurred_on AS age FROM penalty
        WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1095
          AND (withdrawn_on IS NULL OR withdrawn_on > $day)
          AND procedure = 'ordinary' AND (severity IS NULL OR severity <> 'minor')
          AND regexp_matches(penalty_kinds, 'fine|confiscation|suspension|licence_revocation|'
            || 'business_restriction|occupation_ban|downgrade|closure|detention'))
  GROUP BY code
),
ordered AS (
  SELECT code,
    count(*) FILTER (NOT met AND due_on < $day) AS rectification_orders_overdue_open,
    count(*) FILTER (met AND ended_on > due_on AND age < 1095) AS rectification_orders_late_36m
  FROM (SELECT code, due_on, ended_on, $day - occurred_on AS age,
          coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE) AS met
        FROM rectification_order
        WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1826
          AND (withdrawn_on IS NULL OR withdrawn_on > $day))
  GROUP BY code
),
abnormal AS (
  SELECT code, count(*) AS abnormal_listings_open,
    max($day - occurred_on) AS abnormal_listing_days_open
  FROM abnormal_listing
  WHERE known_on <= $day AND occurred_on <= $day
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND NOT coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE)
  GROUP BY code
),
serious AS (
  SELECT code, count(*) AS serious_listings_open
  FROM serious_listing
  WHERE known_on <= $day AND occurred_on <= $day
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND NOT coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE)
  GROUP BY code
),
arrears AS (
  SELECT code, count(*) AS tax_arrears_open
  FROM tax_arrears
  WHERE known_on <= $day AND occurred_on <= $day
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND NOT coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE)
  GROUP BY code
),
taxed AS (
  SELECT code, arg_max(grade, (occurred_on, event_id)) AS tax
  FROM tax_grade
  WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 730
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
  GROUP BY code
),
evaluated AS (
  SELECT code, arg_max(grade, (occurred_on, event_id)) AS nation
  FROM national_evaluation
  WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 730
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
  GROUP BY code
),
edge AS (
  SELECT DISTINCT code, node FROM relation
  WHERE kind = 'controller' AND known_on <= $day AND occurred_on <= $day
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND NOT coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE)
),
hub AS (
  SELECT node, sum(coalesce(serious_listings_open, 0)) AS listed
  FROM edge JOIN enterprise USING (code) LEFT JOIN serious USING (code)
  WHERE known_on <= $day GROUP BY node HAVING count(*) <= 50 AND listed > 0
),
controlled AS (
  SELECT code, sum(listed - coalesce(serious_listings_open, 0)) AS controller_serious_listings_open
  FROM edge JOIN hub USING (node) LEFT JOIN serious USING (code) GROUP BY code
),
complained AS (
  SELECT code,
    count(*) FILTER (age < 365) AS complaints_verified_12m,
    count(*) FILTER (outcome = 'mediation_unmet') AS mediations_unmet_24m
  FROM (SELECT code, outcome, $day - occurred_on AS age FROM complaint
        WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 730
          AND (withdrawn_on IS NULL OR withdrawn_on > $day)
          AND ended_on <= $day AND ended_known_on <= $day
          AND outcome IN ('verified', 'mediation_unmet')
          AND (serial_claimant IS NULL OR NOT serial_claimant))
  GROUP BY code
),
promised AS (
  SELECT code,
    count(*) FILTER (outcome = 'kept') AS promises_kept_36m,
    count(*) FILTER (outcome = 'broken') AS promises_broken_36m
  FROM credit_promise
  WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1095
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND ended_on <= $day AND ended_known_on <= $day
  GROUP BY code
),
honoured AS (
  SELECT code, count(*) AS credit_honours_open
  FROM honour
  WHERE known_on <= $day AND occurred_on <= $day
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND NOT coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE)
    AND kind IN ('credit', 'quality', 'safety')
  GROUP BY code
),
rated AS (
  SELECT code, arg_max(grade, (occurred_on, event_id)) AS association,
    count(*) FILTER (disciplined) AS association_disciplines_36m
  FROM association_rating
  WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1095
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
  GROUP BY code
),
built AS (
  SELECT code,
    count(*) FILTER (kind = 'accident') AS construction_accidents_24m,
    sum(ended_on - occurred_on) FILTER (met)::DOUBLE / count(*) FILTER (met)
      AS construction_correction_days_24m
  FROM (SELECT *, coalesce(ended_on <= $day AND ended_known_on <= $day, FALSE) AS met
        FROM construction_finding
        WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 730
          AND (withdrawn_on IS NULL OR withdrawn_on > $day))
  GROUP BY code
),
cared AS (
  SELECT code, count(*) AS elderly_incidents_24m
  FROM elderly_check
  WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 730
    AND (withdrawn_on IS NULL OR withdrawn_on > $day) AND kind = 'incident'
  GROUP BY code
),
sampled AS (
  SELECT code,
    count(*) FILTER (occurred_on > $day - 365) AS food_samples_failed_12m,
    count(*) FILTER (hazard = 'illegal_substance') AS food_illegal_substance_36m
  FROM food_sample
  WHERE known_on <= $day AND occurred_on <= $day AND occurred_on > $day - 1095
    AND (withdrawn_on IS NULL OR withdrawn_on > $day)
    AND failed AND (hazard IS NULL OR hazard <> 'label')
  GROUP BY code
)
SELECT code,
  $day - established_on AS age_days,
  coalesce(status = 'revoked' AND coalesce(status_on <= $day, TRUE), FALSE) AS is_revoked,
  coalesce(kind = 'individual', FALSE) AS is_individual,
  coalesce(size IN ('small', 'micro'), FALSE) AS is_small_or_micro,
  coalesce(new_form, FALSE) AS is_new_form,
  $counts,
  (coalesce(inspections_failed_36m, 0) + 1) / (coalesce(inspections_36m, 0) + 20.0::DOUBLE)
    AS inspection_failed_share_36m,
  (coalesce(inspections_failed_60m, 0) + 1) / (coalesce(inspections_60m, 0) + 20.0::DOUBLE)
    AS inspection_failed_share_60m,
  (coalesce(random_inspections_failed_36m, 0) + 1)
    / (coalesce(random_inspections_36m, 0) + 20.0::DOUBLE) AS random_inspection_failed_share_36m,
  (coalesce(inspections_failed_decayed_365d, 0) + 0.5::DOUBLE)
    / (coalesce(inspections_decayed_365d, 0) + 10.0::DOUBLE)
    AS inspection_failed_share_decayed_365d,
  inspected.newest[1] AS last_inspection_failed,
  inspected.newest[2] AS last_but_one_inspection_failed,
  coalesce(list_position(inspected.newest, TRUE) - 1, len(inspected.newest), 0)
    AS inspections_passed_in_a_row,
  coalesce(list_position(inspected.newest, FALSE) - 1, len(inspected.newest), 0)
    AS inspections_failed_in_a_row,
  coalesce(list_position(report.newest, FALSE) - 1, len(report.newest), 0)
    AS annual_reports_on_time_in_a_row,
  days_since_last_failed_inspection, days_since_last_penalty, abnormal_listing_days_open,
  construction_correction_days_24m,
  tax IN ('C', 'D') AS tax_grade_c_or_d, tax = 'A' AS tax_grade_a,
  ascii(nation) - 65 AS national_grade, ascii(association) - 65 AS association_grade
FROM here
LEFT JOIN change USING (code) LEFT JOIN report USING (code) LEFT JOIN court USING (code)
LEFT JOIN inspected USING (code) LEFT JOIN punished USING (code) LEFT JOIN ordered USING (code)
LEFT JOIN abnormal USING (code) LEFT JOIN serious USING (code) LEFT JOIN arrears USING (code)
LEFT JOIN taxed USING (code) LEFT JOIN evaluated USING (code) LEFT JOIN controlled USING (code)
LEFT JOIN complained USING (code) LEFT JOIN promised USING (code) LEFT JOIN honoured USING (code)
LEFT JOIN rated USING (code) LEFT JOIN built USING (code) LEFT JOIN cared USING (code)
LEFT JOIN sampled USING (code)
ORDER BY code
