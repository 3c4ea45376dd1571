{{ built_by_date([]) }}

with balances as (
    select * from {{ ref("fct_energy_balance_day") }}
    {{ where_changed() }}
),

-- what is unmeasured counts among the members, and in no energy: supplied less sold is the loss
final as (
    select
        business_date,
        coalesce(org_no, '') as org_no,
        level_code,
        station_name_zh,
        district_name_zh,
        count(*) as members,
        count(loss_kwh) as members_measured,
        sum(supplied_kwh)::numeric(18, 3) as supplied_kwh,
        (sum(sold_kwh) filter (where loss_kwh is not null))::numeric(18, 3) as sold_kwh,
        sum(loss_kwh)::numeric(18, 3) as loss_kwh,
        current_timestamp as built_at
    from balances
    where level_code in ('station', 'feeder', 'transformer')
    group by business_date, coalesce(org_no, ''), level_code, station_name_zh, district_name_zh
)

select * from final
