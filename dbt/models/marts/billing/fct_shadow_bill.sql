{{ built_by_month([{"columns": ["bill_month"]}]) }}

with determinants as (
    select * from {{ ref("int_bill_determinant") }}
    {{ where_changed_month() }}
),

lines as (
    select * from {{ ref("fct_shadow_bill_line") }}
    {{ where_changed_month() }}
),

issued as (
    select * from {{ ref("int_bill_issued") }}
    {{ where_changed_month() }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

-- whole months only are billed: the last one may still be running
billed_months as (
    select distinct bill_month from issued
),

months as (
    select
        account_no,
        bill_month,
        count(*)::integer as segments,
        (array_agg(tariff_code order by segment_no desc))[1] as tariff_code,
        sum(sharp_kwh + peak_kwh + flat_kwh + valley_kwh + deep_valley_kwh) as energy_kwh,
        sum(intervals_estimated)::double precision
        / nullif(sum(intervals_estimated + intervals_actual), 0) as estimated_share,
        bool_and(is_read) as is_read,
        bool_and(is_priced) as is_priced
    from determinants
    group by account_no, bill_month
),

summed as (
    select
        account_no,
        bill_month,
        sum(amount_yuan) filter (where line_kind_code = 'capacity') as capacity_yuan,
        sum(amount_yuan) filter (where line_kind_code = 'demand') as demand_yuan,
        sum(amount_yuan) filter (where line_kind_code in ('energy', 'tier_surcharge')) as energy_yuan,
        sum(amount_yuan) filter (where line_kind_code = 'power_factor') as power_factor_yuan,
        sum(amount_yuan) filter (where line_kind_code = 'levies') as levies_yuan,
        sum(amount_yuan) filter (where line_kind_code = 'minimum') as minimum_yuan,
        sum(amount_yuan) filter (where line_kind_code = 'rounding') as rounding_yuan,
        sum(amount_yuan) as shadow_yuan
    from lines
    group by account_no, bill_month
),

joined as (
    select
        coalesce(months.account_no, issued.account_no) as account_no,
        coalesce(months.bill_month, issued.bill_month) as bill_month,
        case
            when months.account_no is null or not months.is_read then 'not_read'
            when not months.is_priced then 'no_tariff'
            else 'calculated'
        end as status_code,
        months.tariff_code,
        coalesce(months.segments, 0) as segments,
        months.energy_kwh,
        months.estimated_share,
        issued.bill_no,
        coalesce(issued.bills, 0)::integer as bills,
        issued.amount_of_all_yuan as issued_yuan
    from months
    full outer join issued on months.account_no = issued.account_no and months.bill_month = issued.bill_month
),

final as (
    select
        joined.account_no,
        joined.bill_month,
        accounts.org_no,
        accounts.station_name_zh,
        accounts.district_name_zh,
        accounts.usage_category,
        accounts.usage_category_zh,
        joined.status_code,
        joined.tariff_code,
        joined.segments,
        joined.energy_kwh::numeric(18, 3) as energy_kwh,
        joined.estimated_share,
        coalesce(summed.capacity_yuan, 0)::numeric(18, 2) as capacity_yuan,
        coalesce(summed.demand_yuan, 0)::numeric(18, 2) as demand_yuan,
        coalesce(summed.energy_yuan, 0)::numeric(18, 2) as energy_yuan,
        coalesce(summed.power_factor_yuan, 0)::numeric(18, 2) as power_factor_yuan,
        coalesce(summed.levies_yuan, 0)::numeric(18, 2) as levies_yuan,
        coalesce(summed.minimum_yuan, 0)::numeric(18, 2) as minimum_yuan,
        coalesce(summed.rounding_yuan, 0)::numeric(18, 2) as rounding_yuan,
        case when joined.status_code = 'calculated' then coalesce(summed.shadow_yuan, 0) end::numeric(18, 2)
            as shadow_yuan,
        joined.bill_no,
        joined.bills,
        coalesce(joined.issued_yuan, 0)::numeric(18, 2) as issued_yuan,
        case
            when joined.status_code = 'calculated'
                then coalesce(joined.issued_yuan, 0) - coalesce(summed.shadow_yuan, 0)
        end::numeric(18, 2) as difference_yuan,
        current_timestamp as built_at
    from joined
    inner join billed_months on joined.bill_month = billed_months.bill_month
    left join summed on joined.account_no = summed.account_no and joined.bill_month = summed.bill_month
    left join accounts on joined.account_no = accounts.account_no
)

select * from final
