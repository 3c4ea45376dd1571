{{ built_by_month([{"columns": ["loss_month"]}], month="loss_month") }}

with balances as (
    select * from {{ ref("fct_energy_balance_day") }}
    where
        level_code = 'transformer'
        {{ and_in_changed_months() }}
),

final as (
    select
        date_trunc('month', business_date)::date as loss_month,
        level_no as transformer_no,
        coalesce(org_no, '') as org_no,
        station_name_zh,
        district_name_zh,
        sum(supplied_kwh)::numeric(18, 3) as supplied_kwh,
        (sum(sold_kwh) filter (where loss_kwh is not null))::numeric(18, 3) as sold_kwh,
        sum(loss_kwh)::numeric(18, 3) as loss_kwh,
        count(loss_kwh) as days_measured,
        count(*) filter (where balance_class in ('high_loss', 'negative_loss')) as days_abnormal,
        current_timestamp as built_at
    from balances
    group by
        date_trunc('month', business_date)::date,
        level_no,
        coalesce(org_no, ''),
        station_name_zh,
        district_name_zh
)

select * from final
