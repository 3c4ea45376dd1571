{#
Bills from what was used: the one place that knows how a tariff becomes lines. `relation` holds one row per
case_code, account_no, bill_month and segment_no (a span of the month with one version of tariff and contract):
tariff_key, household_code, days, month_days, contract_capacity_kva, capacity_charge_basis, power_factor_standard,
sharp_kwh … deep_valley_kwh, import_kvarh, max_demand_kw, year_before_kwh (used in the year before this month).

A query of lines: the same key, place (order on the bill), line_kind_code, period_code, detail_code (tier or levy),
quantity, unit_price_yuan, amount_yuan; amount = quantity × unit price, rounded half up as the tariff says.

capacity, demand  contract kVA, or the highest kW; `by_day` by the days of each segment, `month_start` once, as on
                  the first day
energy            by period, each segment rounded; a period without a price is billed as the next: sharp as peak, peak
                  as flat, deep valley as valley, valley as flat. By tier of what the month, or the year, used before
power_factor      share of capacity, demand and energy charges; kWh and kvarh of the whole month, P / √(P² + Q²) with
                  two decimals, the table of 1983; below its last row as its last row. No energy, no adjustment
levies            on all energy, each a line
minimum           what the lines lack of it, by the days of each segment
rounding          of the bill's sum to the decimals of its total
#}
{% macro rate(relation) %}
with tariffs as (
    select * from {{ ref("dim_tariff") }}
),

tiers as (
    select * from {{ ref("int_tariff_tier") }}
),

levies as (
    select *, tariff_code || '-' || to_char(valid_from, 'YYYYMMDD') as tariff_key from {{ ref("tariff_levy") }}
),

factors as (
    select *, min(power_factor) over (partition by standard) as lowest from {{ ref("power_factor_adjustment") }}
),

rounded as (
    select
        d.case_code, d.account_no, d.bill_month, d.segment_no, d.tariff_key, d.household_code, d.days, d.month_days,
        d.contract_capacity_kva, d.capacity_charge_basis, d.power_factor_standard, d.year_before_kwh,
        round(d.sharp_kwh, t.energy_decimals) as sharp,
        round(d.peak_kwh, t.energy_decimals) as peak,
        round(d.flat_kwh, t.energy_decimals) as flat,
        round(d.valley_kwh, t.energy_decimals) as valley,
        round(d.deep_valley_kwh, t.energy_decimals) as deep_valley,
        round(d.import_kvarh, t.energy_decimals) as kvarh,
        round(d.max_demand_kw, t.demand_decimals) as demand,
        t.sharp_price_yuan_per_kwh as sharp_price,
        t.peak_price_yuan_per_kwh as peak_price,
        t.flat_price_yuan_per_kwh as flat_price,
        t.valley_price_yuan_per_kwh as valley_price,
        t.deep_valley_price_yuan_per_kwh as deep_valley_price,
        t.capacity_price_yuan_per_kva, t.demand_price_yuan_per_kw, t.capacity_rule, t.tier_basis, t.tier_price_kind,
        t.is_power_factor_adjusted, t.minimum_yuan, t.amount_decimals, t.total_decimals
    from {{ relation }} as d
    inner join tariffs as t on d.tariff_key = t.tariff_key
),

-- energy by the periods that the tariff has a price for
measured as (
    select
        rounded.*,
        sharp + peak + flat + valley + deep_valley as energy,
        case when sharp_price is not null then sharp else 0 end as sharp_billed,
        case when peak_price is not null then peak + case when sharp_price is null then sharp else 0 end else 0 end
            as peak_billed,
        case
            when valley_price is not null
                then valley + case when deep_valley_price is null then deep_valley else 0 end
            else 0
        end as valley_billed,
        case when deep_valley_price is not null then deep_valley else 0 end as deep_valley_billed
    from rounded
),

used as (
    select
        measured.*,
        energy - sharp_billed - peak_billed - valley_billed - deep_valley_billed as flat_billed,
        case tier_basis when 'year' then year_before_kwh else 0 end
        + sum(energy) over (partition by case_code, account_no, bill_month order by segment_no)
        - energy as before_kwh,
        case
            when capacity_rule = 'by_day' then round(contract_capacity_kva * days / month_days, 3)
            when capacity_rule = 'month_start' and segment_no = 1 then contract_capacity_kva
        end as capacity_billed,
        case
            when capacity_rule = 'by_day' then round(demand * days / month_days, 3)
            when capacity_rule = 'month_start' and segment_no = 1
                then max(demand) over (partition by case_code, account_no, bill_month)
        end as demand_billed
    from measured
),

charged as (
    select
        used.case_code, used.account_no, used.bill_month, used.segment_no, line.place, line.line_kind_code,
        line.period_code, null::text as detail_code, line.quantity, line.unit_price_yuan,
        round(line.quantity * line.unit_price_yuan, used.amount_decimals) as amount_yuan,
        used.is_power_factor_adjusted
    from used
    cross join lateral (
        values
        (1, 'capacity', 'total', case when capacity_charge_basis = 'capacity' then capacity_billed end,
            capacity_price_yuan_per_kva),
        (2, 'demand', 'total', case when capacity_charge_basis = 'demand' then demand_billed end,
            demand_price_yuan_per_kw),
        (3, 'energy', 'sharp', sharp_billed, sharp_price),
        (4, 'energy', 'peak', peak_billed, peak_price),
        (5, 'energy', 'flat', flat_billed, flat_price),
        (6, 'energy', 'valley', valley_billed, valley_price),
        (7, 'energy', 'deep_valley', deep_valley_billed, deep_valley_price)
    ) as line (place, line_kind_code, period_code, quantity, unit_price_yuan)
    where line.quantity != 0 and line.unit_price_yuan is not null
    union all
    select
        used.case_code, used.account_no, used.bill_month, used.segment_no, 10 + tiers.tier_no,
        case used.tier_price_kind when 'surcharge' then 'tier_surcharge' else 'energy' end,
        'total', tiers.tier_no::text, part.quantity, tiers.price_yuan_per_kwh,
        round(part.quantity * tiers.price_yuan_per_kwh, used.amount_decimals),
        used.is_power_factor_adjusted
    from used
    inner join tiers on used.tariff_key = tiers.tariff_key and used.household_code = tiers.household_code
    cross join lateral (
        select
            least(used.before_kwh + used.energy, tiers.to_kwh) - greatest(used.before_kwh, tiers.from_kwh) as quantity
    ) as part
    where part.quantity > 0
),

whole as (
    select
        case_code, account_no, bill_month,
        max(segment_no) as segment_no,
        sum(energy) as energy,
        sum(kvarh) as kvarh,
        (array_agg(power_factor_standard order by segment_no desc))[1] as power_factor_standard,
        (array_agg(amount_decimals order by segment_no desc))[1] as amount_decimals,
        (array_agg(total_decimals order by segment_no desc))[1] as total_decimals,
        sum(minimum_yuan * days / month_days) as minimum_yuan,
        bool_or(is_power_factor_adjusted) as is_power_factor_adjusted
    from used
    group by case_code, account_no, bill_month
),

bases as (
    select case_code, account_no, bill_month, sum(amount_yuan) as base_yuan
    from charged
    where is_power_factor_adjusted
    group by case_code, account_no, bill_month
),

adjusted as (
    select
        whole.case_code, whole.account_no, whole.bill_month, whole.segment_no, 30 as place,
        'power_factor' as line_kind_code, 'total' as period_code, factors.power_factor::text as detail_code,
        bases.base_yuan as quantity,
        factors.adjustment_pct / 100 as unit_price_yuan,
        round(bases.base_yuan * factors.adjustment_pct / 100, whole.amount_decimals) as amount_yuan
    from whole
    inner join bases
        on
            whole.case_code = bases.case_code
            and whole.account_no = bases.account_no
            and whole.bill_month = bases.bill_month
    cross join lateral (
        select round(whole.energy / sqrt(whole.energy * whole.energy + whole.kvarh * whole.kvarh), 2) as power_factor
        where whole.energy > 0
    ) as metered
    inner join factors
        on
            whole.power_factor_standard = factors.standard
            and greatest(metered.power_factor, factors.lowest) = factors.power_factor
    where whole.is_power_factor_adjusted
),

levied as (
    select
        used.case_code, used.account_no, used.bill_month, used.segment_no, 40 as place,
        'levies' as line_kind_code, 'total' as period_code, levies.levy_code as detail_code,
        used.energy as quantity,
        levies.price_yuan_per_kwh as unit_price_yuan,
        round(used.energy * levies.price_yuan_per_kwh, used.amount_decimals) as amount_yuan
    from used
    inner join levies on used.tariff_key = levies.tariff_key
    where used.energy != 0
),

listed as (
    select
        case_code, account_no, bill_month, segment_no, place, line_kind_code, period_code, detail_code, quantity,
        unit_price_yuan, amount_yuan
    from charged
    union all
    select * from adjusted
    union all
    select * from levied
),

subtotals as (
    select case_code, account_no, bill_month, sum(amount_yuan) as amount_yuan
    from listed
    group by case_code, account_no, bill_month
),

closed as (
    select
        whole.case_code, whole.account_no, whole.bill_month, whole.segment_no, whole.total_decimals,
        coalesce(subtotals.amount_yuan, 0) as amount_yuan,
        greatest(
            round(whole.minimum_yuan, whole.amount_decimals) - coalesce(subtotals.amount_yuan, 0), 0
        ) as lacking_yuan
    from whole
    left join subtotals
        on
            whole.case_code = subtotals.case_code
            and whole.account_no = subtotals.account_no
            and whole.bill_month = subtotals.bill_month
),

ended as (
    select
        closed.case_code, closed.account_no, closed.bill_month, closed.segment_no, line.place, line.line_kind_code,
        'total' as period_code, null::text as detail_code, 1::numeric as quantity,
        line.amount_yuan as unit_price_yuan, line.amount_yuan
    from closed
    cross join lateral (
        values
        (50, 'minimum', lacking_yuan),
        (
            60, 'rounding',
            round(closed.amount_yuan + lacking_yuan, total_decimals) - closed.amount_yuan - lacking_yuan
        )
    ) as line (place, line_kind_code, amount_yuan)
    where line.amount_yuan != 0
)

select
    case_code::text as case_code,
    account_no::text as account_no,
    bill_month,
    segment_no,
    place,
    line_kind_code::text as line_kind_code,
    period_code::text as period_code,
    detail_code,
    quantity::numeric(18, 3) as quantity,
    unit_price_yuan::numeric(12, 6) as unit_price_yuan,
    amount_yuan::numeric(18, 2) as amount_yuan
from (select * from listed union all select * from ended) as lines
{% endmacro %}
