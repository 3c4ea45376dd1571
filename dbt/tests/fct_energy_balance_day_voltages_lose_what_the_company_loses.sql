-- rounded to three digits each
with losses as (
    select
        business_date,
        org_no,
        sum(loss_kwh) filter (where level_code = 'company') as company_kwh,
        sum(loss_kwh) filter (where level_code = 'voltage') as voltages_kwh
    from {{ ref("fct_energy_balance_day") }}
    where level_code in ('company', 'voltage')
    group by business_date, org_no
    having count(*) filter (where level_code = 'voltage') = count(loss_kwh) filter (where level_code = 'voltage')
)

select *
from losses
where voltages_kwh is not null and abs(company_kwh - voltages_kwh) > 0.003
