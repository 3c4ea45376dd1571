{{ built_by_month([{"columns": ["account_no", "bill_month"], "unique": true}, {"columns": ["bill_month"]}]) }}

with bills as (
    select * from {{ ref("stg_cis__bill") }}
    {{ where_changed_month() }}
),

lines as (
    select lines.*
    from {{ ref("stg_cis__bill_line") }} as lines
    inner join bills on lines.bill_no = bills.bill_no
),

-- of several bills of a month the first one counts, the others are copies
numbered as (
    select
        *,
        row_number() over (partition by account_no, bill_month order by issued_date, bill_no) as copy_no,
        count(*) over (partition by account_no, bill_month) as bills,
        sum(amount_yuan) over (partition by account_no, bill_month) as amount_of_all_yuan
    from bills
),

summed as (
    select
        bill_no,
        count(*) as lines,
        sum(quantity) filter (where line_kind_code = 'energy') as energy_kwh,
        coalesce(sum(quantity) filter (where line_kind_code = 'energy' and period_code = 'sharp'), 0) as sharp_kwh,
        coalesce(sum(quantity) filter (where line_kind_code = 'energy' and period_code = 'peak'), 0) as peak_kwh,
        coalesce(sum(quantity) filter (where line_kind_code = 'energy' and period_code = 'flat'), 0) as flat_kwh,
        coalesce(sum(quantity) filter (where line_kind_code = 'energy' and period_code = 'valley'), 0) as valley_kwh,
        coalesce(sum(quantity) filter (where line_kind_code = 'energy' and period_code = 'deep_valley'), 0)
            as deep_valley_kwh,
        coalesce(bool_and(period_code != 'total') filter (where line_kind_code = 'energy'), false) as is_by_period,
        coalesce(sum(amount_yuan) filter (where line_kind_code in ('energy', 'tier_surcharge')), 0) as energy_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code in ('capacity', 'demand')), 0) as capacity_demand_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'power_factor'), 0) as power_factor_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'levies'), 0) as levies_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'minimum'), 0) as minimum_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'rounding'), 0) as rounding_yuan
    from lines
    group by bill_no
),

final as (
    select
        numbered.account_no,
        numbered.bill_month,
        numbered.bill_no,
        numbered.bills,
        numbered.amount_yuan,
        numbered.amount_of_all_yuan,
        coalesce(summed.lines, 0) as lines,
        coalesce(summed.energy_kwh, 0) as energy_kwh,
        summed.sharp_kwh,
        summed.peak_kwh,
        summed.flat_kwh,
        summed.valley_kwh,
        summed.deep_valley_kwh,
        coalesce(summed.is_by_period, false) as is_by_period,
        coalesce(summed.energy_yuan, 0) as energy_yuan,
        coalesce(summed.capacity_demand_yuan, 0) as capacity_demand_yuan,
        coalesce(summed.power_factor_yuan, 0) as power_factor_yuan,
        coalesce(summed.levies_yuan, 0) as levies_yuan,
        coalesce(summed.minimum_yuan, 0) as minimum_yuan,
        coalesce(summed.rounding_yuan, 0) as rounding_yuan
    from numbered
    left join summed on numbered.bill_no = summed.bill_no
    where numbered.copy_no = 1
)

select * from final
