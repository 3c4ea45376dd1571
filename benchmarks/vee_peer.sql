-- The rules of VEE that the benchmark's readings can break, and the roll-ups, as SQL on PostgreSQL: the peer of
-- `gridmart bench vee`. Tables peer.reading_raw, peer.point_day (register with thresholds) and peer.tou are there
-- before; statements are separated by a line of dashes. Tables on the way are unlogged, the results outlast a crash as
-- those of VEE do; parallel plans are allowed; distinct values tell most days that they hold no flat run. The readings
-- have no earlier days and no registers, so the rules that need them are left out: VEE runs them all the same.

-- pass 1: one row per point, channel and date
create unlogged table peer.summary as
select
    point_no, channel, business_date, min(interval_minutes) as interval_minutes,
    1440 / min(interval_minutes) as due, count(*) as readings, count(distinct interval_start) as intervals,
    sum(value) as total, min(value) as lowest, max(value) as highest,
    (array_agg(value order by value desc))[3] as third_highest, count(distinct value) as different,
    bool_or(extract(epoch from interval_start)::bigint % (interval_minutes * 60) <> 0) as is_off_grid
from peer.reading_raw
where value is not null
group by point_no, channel, business_date
---
create unlogged table peer.flat as
with candidates as (
    select
        r.point_no, r.channel, r.business_date, r.interval_start, r.value,
        (r.value = lag(r.value) over day)::int as goes_on
    from peer.reading_raw as r
    inner join peer.summary as s using (point_no, channel, business_date)
    where s.different <= s.intervals - 23 and r.channel in ('import_kwh', 'export_kwh')
    window day as (partition by r.point_no, r.channel, r.business_date order by r.interval_start)
),

numbered as (
    select
        *,
        sum(1 - coalesce(goes_on, 0))
            over (partition by point_no, channel, business_date order by interval_start) as run
    from candidates
)

select distinct n.point_no, n.channel, n.business_date
from numbered as n
inner join peer.point_day as p using (point_no, business_date)
where n.value * 60 / p.interval_minutes > p.flat_floor_kw * 0.2
group by n.point_no, n.channel, n.business_date, n.run
having
    count(*) >= 24
    and (max(n.value * 60 / p.interval_minutes / p.flat_floor_kw) > 1 or count(*) * max(p.interval_minutes) >= 1380)
---
create unlogged table peer.judged as
select
    s.*, p.class_code, p.capacity_kva, p.is_due,
    (p.is_due and s.intervals < s.due)::int * 1
    + (s.readings > s.intervals)::int * 2
    + (s.channel like 'import%' and s.lowest < 0)::int * 4
    + (
        s.highest * 60 / s.interval_minutes > greatest(p.spike_floor_kw, p.capacity_kva * p.spike_capacity_share)
        and s.highest > greatest(s.third_highest, 0) * (1 + p.spike_ratio)
    )::int * 8
    + (s.highest > p.capacity_kva * p.capacity_share * s.interval_minutes / 60)::int * 64
    + (f.point_no is not null)::int * 128
    + (s.intervals = s.due and s.lowest = 0 and s.highest = 0)::int * 256
    + (s.channel = 'export_kwh' and not p.has_generation and s.highest > 0)::int * 2048
    + s.is_off_grid::int * 4096
    + (s.interval_minutes <> p.interval_minutes)::int * 32768
    + (not p.is_due)::int * 262144 as day_bits
from peer.summary as s
inner join peer.point_day as p using (point_no, business_date)
left join peer.flat as f using (point_no, channel, business_date)
---
create unlogged table peer.touched as
select point_no, channel, business_date from peer.judged where day_bits <> 0
---
analyze peer.touched
---
-- every slot of the touched point-days
create unlogged table peer.detail as
with latest as (
    select distinct on (point_no, channel, business_date, interval_start)
        r.*
    from peer.reading_raw as r
    inner join peer.touched using (point_no, channel, business_date)
    order by
        point_no, channel, business_date, interval_start, version desc, arrived_at desc, file_id desc, row_number desc
),

slots as (
    select
        j.point_no, j.channel, j.business_date, j.class_code, j.capacity_kva, j.interval_minutes, slot,
        (j.business_date::timestamp at time zone 'Asia/Shanghai')
        + slot * make_interval(mins => j.interval_minutes) as interval_start,
        j.highest, j.day_bits, j.third_highest
    from peer.judged as j
    inner join peer.touched using (point_no, channel, business_date)
    cross join lateral generate_series(0, j.due - 1) as slot
)

select
    s.*, l.value,
    case
        when l.value < 0 then null
        when s.day_bits & 8 <> 0 and l.value > s.third_highest * 2.8 then null
        else l.value
    end as kept
from slots as s
left join latest as l using (point_no, channel, business_date, interval_start)
---
create unlogged table peer.neighbour as
select
    d.*,
    max(slot) filter (where kept is not null) over before as before_slot,
    min(slot) filter (where kept is not null) over after as after_slot
from peer.detail as d
window
    before as (partition by point_no, channel, business_date order by slot),
    after as (
        partition by point_no, channel, business_date order by slot rows between current row and unbounded following
    )
---
create unlogged table peer.profile as
with peers as (
    select
        point_no, channel, business_date, class_code, capacity_kva,
        row_number() over (partition by class_code, channel, business_date order by point_no) - 1 as place,
        count(*) over (partition by class_code, channel, business_date) as peers
    from peer.judged
    where day_bits = 0 and is_due
)

select
    p.class_code, p.channel, p.business_date, r.interval_start, avg(r.value) as profile,
    avg(p.capacity_kva) as mean_capacity
from peers as p
inner join peer.reading_raw as r using (point_no, channel, business_date)
where p.place % ((p.peers + 499) / 500) = 0
group by p.class_code, p.channel, p.business_date, r.interval_start
---
create unlogged table peer.filled as
with shaped as (
    select n.*, b.kept as before_value, a.kept as after_value, p.profile * n.capacity_kva / p.mean_capacity as shape
    from peer.neighbour as n
    left join peer.detail as b
        on n.point_no = b.point_no and n.channel = b.channel and n.business_date = b.business_date
        and n.before_slot = b.slot
    left join peer.detail as a
        on n.point_no = a.point_no and n.channel = a.channel and n.business_date = a.business_date
        and n.after_slot = a.slot
    left join peer.profile as p
        on n.class_code = p.class_code and n.channel = p.channel and n.business_date = p.business_date
        and n.interval_start = p.interval_start
),

scaled as (
    select
        *,
        sum(kept) filter (where shape is not null) over day / nullif(sum(shape) filter (where kept is not null) over day, 0)
            as factor
    from shaped
    window day as (partition by point_no, channel, business_date)
)

select
    point_no, channel, interval_start, business_date, interval_minutes,
    round(
        coalesce(
            kept,
            case
                when (after_slot - before_slot - 1) * interval_minutes <= 120
                    then before_value + (after_value - before_value) * (slot - before_slot) / (after_slot - before_slot)
            end,
            shape * factor, shape, 0
        )::numeric, 6
    )::float8 as value,
    case when kept is null then 'E' else 'A' end as quality_code,
    case
        when kept is not null then null
        when (after_slot - before_slot - 1) * interval_minutes <= 120 then 17
        when shape is not null then 91
        else 19
    end as method_code,
    (kept is null)::int as rule_bits
from scaled
---
create table peer.reading as
select
    r.point_no, r.channel, r.interval_start, r.business_date, r.interval_minutes, r.value, 'A' as quality_code,
    null::int as method_code, 0 as rule_bits
from peer.reading_raw as r
where
    r.value is not null
    and not exists (
        select from peer.touched as t
        where t.point_no = r.point_no and t.channel = r.channel and t.business_date = r.business_date
    )
union all
select * from peer.filled
---
create unlogged table peer.hour as
select
    point_no, business_date, date_trunc('hour', interval_start) as hour_start,
    sum(value) filter (where channel = 'import_kwh') as import_kwh,
    sum(value) filter (where channel = 'export_kwh') as export_kwh,
    sum(value) filter (where channel = 'import_kwh' and quality_code = 'E') as estimated_kwh,
    max(value * 60 / interval_minutes) filter (where channel = 'import_kwh') as peak_kw,
    count(*) filter (where channel = 'import_kwh' and quality_code = 'A') as actual,
    count(*) filter (where channel = 'import_kwh' and quality_code = 'E') as estimated
from peer.reading
group by point_no, business_date, hour_start
---
create table peer.rollup_point_day as
select
    h.point_no, h.business_date, sum(h.import_kwh) as import_kwh, sum(h.export_kwh) as export_kwh,
    sum(h.import_kwh) filter (where t.period_code = 'sharp') as sharp_kwh,
    sum(h.import_kwh) filter (where t.period_code = 'peak') as peak_kwh,
    sum(h.import_kwh) filter (where t.period_code = 'flat') as flat_kwh,
    sum(h.import_kwh) filter (where t.period_code = 'valley') as valley_kwh,
    sum(h.import_kwh) filter (where t.period_code = 'deep_valley') as deep_valley_kwh, max(h.peak_kw) as peak_kw,
    array_agg(h.import_kwh::real order by h.hour_start) as hourly_kwh, sum(h.actual) as intervals_actual,
    sum(h.estimated) as intervals_estimated
from peer.hour as h
inner join peer.point_day as p using (point_no, business_date)
left join peer.tou as t
    on p.calendar_code = t.calendar_code and h.business_date = t.business_date
    and extract(hour from h.hour_start at time zone 'Asia/Shanghai') = t.local_hour
group by h.point_no, h.business_date
---
create table peer.rollup_transformer_hour as
select
    p.transformer_no, h.hour_start, sum(h.import_kwh) as sold_kwh, sum(h.export_kwh) as generation_kwh,
    sum(h.estimated_kwh) as sold_estimated_kwh, count(*) as points
from peer.hour as h
inner join peer.point_day as p using (point_no, business_date)
group by p.transformer_no, h.hour_start
---
create table peer.rollup_feeder_hour as
select
    p.feeder_no, h.hour_start, sum(h.import_kwh) as sold_kwh, sum(h.export_kwh) as generation_kwh,
    sum(h.estimated_kwh) as sold_estimated_kwh, count(*) as points
from peer.hour as h
inner join peer.point_day as p using (point_no, business_date)
group by p.feeder_no, h.hour_start
---
create table peer.rollup_collection_day as
select
    business_date, transformer_no, count(*) as points_due, sum(d.intervals_actual) as intervals_actual,
    sum(d.intervals_estimated) as intervals_estimated
from peer.rollup_point_day as d
inner join peer.point_day using (point_no, business_date)
group by business_date, transformer_no
