"""From records to pay lines, in the database: one definition for files, screens and the feed.

- Time: the pay codes and premiums of the record, in seconds; lateness and leaving early as ``LATE`` and ``EARLY``.
- Days: ``LEAVE.<code>``, ``HOLIDAY``, ``ABSENT`` and ``PRESENT``, in hundredths.
- Corrections of closed days are lines of the period in which they are paid, under the day they are about.

What earlier batches paid is taken off per person, day and code. A day that was paid and is not approved now stays as
it was paid until somebody approves it again.
"""

from __future__ import annotations

import sqlalchemy as sa

# Pay lines of a record ``r`` with its leave ``v``.
OF_RECORD = """
    SELECT e ->> 'code' AS code, CASE WHEN (e ->> 'rate')::numeric > 1 THEN 'overtime' ELSE 'regular' END AS kind,
           (e ->> 'rate')::numeric(8, 4) AS rate, 'seconds' AS unit, (e ->> 'seconds')::integer AS amount
    FROM jsonb_array_elements(r.pay) e
    UNION ALL
    SELECT e ->> 'code', 'premium', (e ->> 'rate')::numeric(8, 4), 'seconds', (e ->> 'seconds')::integer
    FROM jsonb_array_elements(r.premiums) e
    UNION ALL
    SELECT n.code, n.kind, 0, 'days', round(n.part::numeric * 100)::integer
    FROM (VALUES (coalesce('LEAVE.' || v.code, 'LEAVE'), 'leave', r.fractions ->> 'leave'),
                 ('HOLIDAY', 'holiday', r.fractions ->> 'holiday'), ('ABSENT', 'absence', r.fractions ->> 'absent'),
                 ('PRESENT', 'presence', r.fractions ->> 'present')) n(code, kind, part)
    WHERE n.part IS NOT NULL
    UNION ALL SELECT 'LATE', 'late', 0, 'seconds', r.late_seconds WHERE r.late_seconds <> 0
    UNION ALL SELECT 'EARLY', 'early', 0, 'seconds', r.early_seconds WHERE r.early_seconds <> 0
"""

# Pay lines of a correction ``d``. A correction names codes but no rates: they are looked for in that person's records
# around the day, then in the rules.
OF_DELTA = """
    SELECT c.code, CASE WHEN c.kind <> 'pay' THEN c.kind WHEN c.rate > 1 THEN 'overtime' ELSE 'regular' END AS kind,
           CASE WHEN c.kind IN ('pay', 'premium') THEN c.rate ELSE 0 END::numeric(8, 4) AS rate, c.unit, c.amount
    FROM (
        SELECT CASE WHEN f.key LIKE 'pay\\_%' THEN substr(f.key, 5) WHEN f.key LIKE 'premium\\_%' THEN substr(f.key, 9)
                    ELSE n.code END AS code,
               CASE WHEN f.key LIKE 'pay\\_%' THEN 'pay' WHEN f.key LIKE 'premium\\_%' THEN 'premium'
                    ELSE n.kind END AS kind,
               CASE WHEN f.key LIKE 'day\\_%' THEN 'days' ELSE 'seconds' END AS unit,
               f.value::integer AS amount,
               coalesce(
                   (SELECT (e ->> 'rate')::numeric FROM attendance_records o,
                           jsonb_array_elements(CASE WHEN f.key LIKE 'pay\\_%' THEN o.pay ELSE o.premiums END) e
                    WHERE o.staff_id = d.staff_id AND o.work_date BETWEEN d.work_date - 31 AND d.work_date + 31
                      AND e ->> 'code' = CASE WHEN f.key LIKE 'pay\\_%' THEN substr(f.key, 5)
                                              ELSE substr(f.key, 9) END
                    ORDER BY abs(o.work_date - d.work_date), o.work_date LIMIT 1),
                   (SELECT coalesce((t ->> 'rate')::numeric, 1.5) FROM rule_set_versions u,
                           jsonb_array_elements(coalesce(u.definition #> '{overtime,tiers}', '[]')) t
                    WHERE f.key = 'pay_' || (t ->> 'code') ORDER BY u.effective DESC, u.id LIMIT 1),
                   CASE WHEN f.key LIKE 'pay\\_%' THEN 1 ELSE 0 END) AS rate
        FROM jsonb_each_text(d.figures) f
        LEFT JOIN (VALUES ('day_leave', 'LEAVE', 'leave'), ('day_holiday', 'HOLIDAY', 'holiday'),
                          ('day_absent', 'ABSENT', 'absence'), ('day_present', 'PRESENT', 'presence'),
                          ('late', 'LATE', 'late'), ('early', 'EARLY', 'early')) n(key, code, kind) ON n.key = f.key
        WHERE f.key LIKE 'pay\\_%' OR f.key LIKE 'premium\\_%' OR n.key IS NOT NULL
    ) c
"""

PEOPLE = """
people AS MATERIALIZED (
    SELECT s.id FROM staff s
    WHERE (CAST(:departments AS text[]) IS NULL OR s.department = ANY(CAST(:departments AS text[])))
      AND (CAST(:sites AS uuid[]) IS NULL OR s.site_id = ANY(CAST(:sites AS uuid[])))
      AND (CAST(:staff AS uuid[]) IS NULL OR s.id = ANY(CAST(:staff AS uuid[])))
), booked AS MATERIALIZED (
    SELECT id FROM attendance_periods WHERE starts_on >= :first AND ends_on <= :last
)"""

CURRENT = f"""
current AS (
    SELECT r.staff_id, r.work_date, CAST(NULL AS uuid) AS carried_in, l.code, l.kind, l.rate, l.unit, l.amount
    FROM attendance_records r JOIN people p ON p.id = r.staff_id
    LEFT JOIN leaves v ON v.staff_id = r.staff_id AND v.day = r.work_date AND v.kind = 'leave'
    CROSS JOIN LATERAL ({OF_RECORD}) l
    WHERE r.work_date BETWEEN :first AND :last AND (:everything OR r.state IN ('approved', 'locked'))
    UNION ALL
    SELECT d.staff_id, d.work_date, d.period_id, l.code, l.kind, l.rate, l.unit, l.amount
    FROM attendance_deltas d JOIN people p ON p.id = d.staff_id JOIN booked b ON b.id = d.period_id
    CROSS JOIN LATERAL ({OF_DELTA}) l
)"""  # noqa: S608 - constants only

PAID = """
paid AS (
    SELECT l.staff_id, l.work_date, l.carried_in, e.code, e.kind, e.rate, e.unit, e.amount
    FROM payroll_paid l JOIN people p ON p.id = l.staff_id
    JOIN payroll_batches b ON b.id = l.batch_id AND b.state = 'done'
    CROSS JOIN LATERAL jsonb_to_recordset(l.amounts)
        AS e(code text, kind text, rate numeric(8, 4), unit text, amount integer)
    WHERE :against AND (
        (l.carried_in IS NULL AND l.work_date BETWEEN :first AND :last) OR l.carried_in IN (SELECT id FROM booked))
), held AS (
    SELECT l.* FROM paid l JOIN attendance_records r ON r.staff_id = l.staff_id AND r.work_date = l.work_date
    WHERE l.carried_in IS NULL AND NOT :everything AND r.state NOT IN ('approved', 'locked')
)"""

KEYED = """
keyed AS (
    SELECT staff_id, work_date, carried_in, code, kind, rate, unit,
           sum(before)::integer AS before, sum(now)::integer AS now
    FROM (
        SELECT staff_id, work_date, carried_in, code, kind, rate, unit, 0 AS before, amount AS now FROM current
        UNION ALL SELECT staff_id, work_date, carried_in, code, kind, rate, unit, 0, amount FROM held
        UNION ALL SELECT staff_id, work_date, carried_in, code, kind, rate, unit, amount, 0 FROM paid
    ) each
    GROUP BY staff_id, work_date, carried_in, code, kind, rate, unit
)"""

WITH = f"WITH {PEOPLE}, {CURRENT}, {PAID}, {KEYED}"

# One line for each person, code and, where asked for or where a closed day is corrected, day.
GROUPED = """
SELECT g.* FROM (
    SELECT k.staff_id, CASE WHEN :daily OR k.carried_in IS NOT NULL THEN k.work_date END AS day,
           k.carried_in IS NOT NULL AS carried, k.code, k.kind, k.rate, k.unit,
           sum(k.before)::bigint AS before, sum(k.now)::bigint AS now
    FROM keyed k GROUP BY 1, 2, 3, 4, 5, 6, 7
    HAVING sum(k.before) <> sum(k.now)
) g JOIN staff s ON s.id = g.staff_id
ORDER BY s.employee_id, s.id, g.day NULLS FIRST, g.carried,
         array_position(ARRAY['regular', 'overtime', 'premium', 'leave', 'holiday', 'absence', 'presence', 'late',
                              'early'], g.kind), g.rate, g.code
"""

READ = sa.text(f"{WITH} {GROUPED}")

# Without what was paid before, nothing has to be compared day by day.
PLAIN = sa.text(f"""
WITH {PEOPLE}, {CURRENT}, keyed AS (
    SELECT staff_id, work_date, carried_in, code, kind, rate, unit, 0 AS before, amount AS now FROM current
)
{GROUPED}
""")  # noqa: S608 - constants only

# Sums of a month of 10,000 people fit; without it they go through the disk. For this transaction only.
ROOM = sa.text("SELECT set_config('work_mem', '96MB', true)")

PAY = sa.text(f"""
{WITH}
INSERT INTO payroll_paid (batch_id, staff_id, work_date, carried_in, amounts)
SELECT CAST(:batch AS uuid), staff_id, work_date, carried_in,
       jsonb_agg(jsonb_build_object('code', code, 'kind', kind, 'rate', rate, 'unit', unit, 'amount', now - before))
FROM keyed WHERE now <> before GROUP BY staff_id, work_date, carried_in
""")  # noqa: S608 - constants only

# What a batch has just paid, beside what others paid before: the file is made from the ledger itself.
PAID_BY = sa.text(f"""
WITH {PEOPLE}, keyed AS (
    SELECT l.staff_id, l.work_date, l.carried_in, e.code, e.kind, e.rate, e.unit,
           CASE WHEN l.batch_id = CAST(:batch AS uuid) THEN 0 ELSE e.amount END AS before, e.amount AS now
    FROM payroll_paid l JOIN people p ON p.id = l.staff_id
    JOIN payroll_batches b ON b.id = l.batch_id AND (b.state = 'done' OR b.id = CAST(:batch AS uuid))
    CROSS JOIN LATERAL jsonb_to_recordset(l.amounts)
        AS e(code text, kind text, rate numeric(8, 4), unit text, amount integer)
    WHERE (l.carried_in IS NULL AND l.work_date BETWEEN :first AND :last) OR l.carried_in IN (SELECT id FROM booked)
)
{GROUPED}
""")  # noqa: S608 - constants only

COUNTS = sa.text(f"""
WITH {PEOPLE}
SELECT count(*) FILTER (WHERE r.state IN ('approved', 'locked')) AS approved,
       count(*) FILTER (WHERE r.state NOT IN ('approved', 'locked')) AS unapproved,
       count(DISTINCT r.staff_id) FILTER (WHERE r.state NOT IN ('approved', 'locked')) AS unapproved_people,
       count(*) FILTER (WHERE r.conflict) AS conflicts,
       count(DISTINCT r.staff_id) AS people,
       (SELECT count(*) FROM pending_staff_days m JOIN people p ON p.id = m.staff_id
        WHERE m.work_date BETWEEN :first AND :last) AS computing,
       (SELECT count(*) FROM attendance_anomalies a JOIN people p ON p.id = a.staff_id
        WHERE a.work_date BETWEEN :first AND :last AND a.state = 'active') AS doubts
FROM attendance_records r JOIN people p ON p.id = r.staff_id WHERE r.work_date BETWEEN :first AND :last
""")  # noqa: S608 - constants only

WHO = sa.text("""
SELECT s.id, s.employee_id, s.name, s.badge_number, s.email, s.department, s.job_title, t.code AS site_code,
       t.name AS site_name
FROM staff s LEFT JOIN sites t ON t.id = s.site_id WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")
