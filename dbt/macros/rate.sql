{#
Bills from what was used: the one place that knows how a tariff becomes lines. `relation` holds one row per
case_code, account_no, bill_month and segment_no (a span of the month with one version of tariff and contract):
tariff_key, household_code, days, month_days, contract_capacity_kva, capacity_charge_basis, power_factor_standard,
sharp_kwh … deep_valley_kwh, import_kvarh, max_demand_kw, year_before_kwh (used in the year before this month).

A query of lines: the same key, bill_id (a number a bill, cheaper to join and sort by than its key), place (order on
the bill), line_kind_code, period_code, detail_code (tier or levy), quantity, unit_price_yuan, amount_yuan; amount =
quantity × unit price, rounded half up as the tariff says.

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

-- every line that a tariff can have on a bill, but for those that hang on the whole bill
tariff_lines as (
    select t.tariff_key, null::text as household_code, line.*, null::numeric as from_kwh, null::numeric as to_kwh
    from tariffs as t
    cross join lateral (
        values
        (1, 'capacity', 'total', null::text, t.capacity_price_yuan_per_kva),
        (2, 'demand', 'total', null, t.demand_price_yuan_per_kw),
        (3, 'energy', 'sharp', null, t.sharp_price_yuan_per_kwh),
        (4, 'energy', 'peak', null, t.peak_price_yuan_per_kwh),
        (5, 'energy', 'flat', null, t.flat_price_yuan_per_kwh),
        (6, 'energy', 'valley', null, t.valley_price_yuan_per_kwh),
        (7, 'energy', 'deep_valley', null, t.deep_valley_price_yuan_per_kwh)
    ) as line (place, line_kind_code, period_code, detail_code, unit_price_yuan)
    where line.unit_price_yuan is not null
    union all
    select
        tiers.tariff_key, tiers.household_code, 10 + tiers.tier_no,
        case t.tier_price_kind when 'surcharge' then 'tier_surcharge' else 'energy' end,
        'total', tiers.tier_no::text, tiers.price_yuan_per_kwh, tiers.from_kwh, tiers.to_kwh
    from {{ ref("int_tariff_tier") }} as tiers
    inner join tariffs as t on tiers.tariff_key = t.tariff_key
    union all
    select
        levies.tariff_code || '-' || to_char(levies.valid_from, 'YYYYMMDD'), null, 40, 'levies', 'total',
        levies.levy_code, levies.price_yuan_per_kwh, null, null
    from {{ ref("tariff_levy") }} as levies
),

factors as (
    select * from {{ ref("power_factor_adjustment") }}
),

lowest_factors as (
    select standard, min(power_factor) as power_factor from factors group by standard
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
        t.sharp_price_yuan_per_kwh is not null as has_sharp,
        t.peak_price_yuan_per_kwh is not null as has_peak,
        t.valley_price_yuan_per_kwh is not null as has_valley,
        t.deep_valley_price_yuan_per_kwh is not null as has_deep_valley,
        t.capacity_rule, t.tier_basis, t.is_power_factor_adjusted, t.minimum_yuan, t.amount_decimals, t.total_decimals
    from {{ relation }} as d
    inner join tariffs as t on d.tariff_key = t.tariff_key
),

several as (
    select distinct case_code, account_no, bill_month from {{ relation }} where segment_no > 1
),

-- energy by the periods that the tariff has a price for
measured as (
    select
        case_code, account_no, bill_month, segment_no, tariff_key, household_code, days, month_days,
        contract_capacity_kva, capacity_charge_basis, power_factor_standard, year_before_kwh, kvarh, demand,
        capacity_rule, tier_basis, is_power_factor_adjusted, minimum_yuan, amount_decimals, total_decimals,
        (case_code, account_no, bill_month) in (select * from several) as has_several,
        sharp + peak + flat + valley + deep_valley as energy,
        case when has_sharp then sharp else 0 end as sharp_billed,
        case when has_peak then peak + case when has_sharp then 0 else sharp end else 0 end as peak_billed,
        case when has_valley then valley + case when has_deep_valley then 0 else deep_valley end else 0 end
            as valley_billed,
        case when has_deep_valley then deep_valley else 0 end as deep_valley_billed
    from rounded
),

-- nearly every bill is one segment, and has nothing to be added up or put in order
used as (
    select
        *,
        row_number() over () as bill_id,
        energy - sharp_billed - peak_billed - valley_billed - deep_valley_billed as flat_billed,
        case tier_basis when 'year' then year_before_kwh else 0 end as before_kwh,
        demand as month_demand
    from measured
    where not has_several
    union all
    select
        *,
        -dense_rank() over (order by case_code, account_no, bill_month) as bill_id,
        energy - sharp_billed - peak_billed - valley_billed - deep_valley_billed as flat_billed,
        case tier_basis when 'year' then year_before_kwh else 0 end
        + sum(energy) over (partition by case_code, account_no, bill_month order by segment_no)
        - energy as before_kwh,
        max(demand) over (partition by case_code, account_no, bill_month) as month_demand
    from measured
    where has_several
),

charged as (
    select
        used.bill_id, used.case_code, used.account_no, used.bill_month, used.segment_no, lines.place,
        lines.line_kind_code, lines.period_code, lines.detail_code,
        part.quantity, lines.unit_price_yuan,
        round(part.quantity * lines.unit_price_yuan, used.amount_decimals) as amount_yuan,
        used.is_power_factor_adjusted and lines.line_kind_code != 'levies' as is_adjusted
    from used
    inner join tariff_lines as lines
        on
            used.tariff_key = lines.tariff_key
            and (lines.household_code is null or used.household_code = lines.household_code)
    cross join lateral (
        select
            case
                when lines.place = 1 and used.capacity_charge_basis = 'capacity' then
                    case
                        when used.capacity_rule = 'by_day'
                            then round(used.contract_capacity_kva * used.days / used.month_days, 3)
                        when used.capacity_rule = 'month_start' and used.segment_no = 1
                            then used.contract_capacity_kva
                    end
                when lines.place = 2 and used.capacity_charge_basis = 'demand' then
                    case
                        when used.capacity_rule = 'by_day' then round(used.demand * used.days / used.month_days, 3)
                        when used.capacity_rule = 'month_start' and used.segment_no = 1 then used.month_demand
                    end
                when lines.place = 3 then used.sharp_billed
                when lines.place = 4 then used.peak_billed
                when lines.place = 5 then used.flat_billed
                when lines.place = 6 then used.valley_billed
                when lines.place = 7 then used.deep_valley_billed
                when lines.place = 40 then used.energy
                when lines.place > 10
                    then greatest(
                        least(used.before_kwh + used.energy, lines.to_kwh) - greatest(used.before_kwh, lines.from_kwh),
                        0
                    )
            end as quantity
    ) as part
    where part.quantity != 0
),

sums as (
    select
        bill_id,
        sum(amount_yuan) as amount_yuan,
        sum(amount_yuan) filter (where is_adjusted) as base_yuan
    from charged
    group by bill_id
),

-- the contract of the last segment speaks for the month
bills as (
    select
        bill_id, case_code, account_no, bill_month, segment_no, power_factor_standard, amount_decimals, total_decimals,
        energy, kvarh, minimum_yuan * days / month_days as minimum_yuan, is_power_factor_adjusted
    from used
    where not has_several
    union all
    (select distinct on (bill_id)
        bill_id, case_code, account_no, bill_month, segment_no, power_factor_standard, amount_decimals, total_decimals,
        sum(energy) over bill, sum(kvarh) over bill, sum(minimum_yuan * days / month_days) over bill,
        bool_or(is_power_factor_adjusted) over bill
    from used
    where has_several
    window bill as (partition by bill_id)
    order by bill_id asc, segment_no desc)
),

whole as (
    select
        bills.*,
        coalesce(sums.amount_yuan, 0) as amount_yuan,
        sums.base_yuan,
        case
            when lowest_factors.power_factor is not null
                then
                    greatest(
                        round(bills.energy / sqrt(bills.energy * bills.energy + bills.kvarh * bills.kvarh), 2),
                        lowest_factors.power_factor
                    )
        end as power_factor
    from bills
    left join sums on bills.bill_id = sums.bill_id
    left join lowest_factors
        on
            bills.power_factor_standard = lowest_factors.standard
            and bills.is_power_factor_adjusted and sums.base_yuan is not null and bills.energy > 0
),

adjusted as (
    select
        whole.*,
        factors.adjustment_pct / 100 as adjustment,
        round(whole.base_yuan * factors.adjustment_pct / 100, whole.amount_decimals) as adjustment_yuan
    from whole
    left join factors
        on
            whole.power_factor_standard = factors.standard
            and whole.power_factor = factors.power_factor
),

closed as (
    select
        *,
        amount_yuan + coalesce(adjustment_yuan, 0) as subtotal_yuan,
        greatest(
            round(minimum_yuan, amount_decimals) - amount_yuan - coalesce(adjustment_yuan, 0), 0
        ) as lacking_yuan
    from adjusted
),

ended as (
    select
        closed.bill_id, closed.case_code, closed.account_no, closed.bill_month, closed.segment_no, 30 as place,
        'power_factor' as line_kind_code, 'total' as period_code, closed.power_factor::text as detail_code,
        closed.base_yuan as quantity, closed.adjustment as unit_price_yuan, closed.adjustment_yuan as amount_yuan
    from closed
    where closed.adjustment_yuan is not null
    union all
    select
        closed.bill_id, closed.case_code, closed.account_no, closed.bill_month, closed.segment_no,
        50, 'minimum', 'total', null, 1, closed.lacking_yuan, closed.lacking_yuan
    from closed
    where closed.lacking_yuan != 0
    union all
    select
        closed.bill_id, closed.case_code, closed.account_no, closed.bill_month, closed.segment_no,
        60, 'rounding', 'total', null, 1, part.amount_yuan, part.amount_yuan
    from closed
    cross join lateral (
        select
            round(closed.subtotal_yuan + closed.lacking_yuan, closed.total_decimals)
            - closed.subtotal_yuan - closed.lacking_yuan as amount_yuan
    ) as part
    where part.amount_yuan != 0
),

listed as (
    select
        bill_id, case_code, account_no, bill_month, segment_no, place, line_kind_code, period_code, detail_code,
        quantity, unit_price_yuan, amount_yuan
    from charged
    union all
    select * from ended
)

select
    case_code::text as case_code,
    account_no::text as account_no,
    bill_month,
    bill_id,
    segment_no,
    place,
    line_kind_code::text as line_kind_code,
    period_code::text as period_code,
    detail_code,
    quantity::numeric(18, 3) as quantity,
    unit_price_yuan::numeric(12, 6) as unit_price_yuan,
    amount_yuan::numeric(18, 2) as amount_yuan
from listed
{% endmacro %}
