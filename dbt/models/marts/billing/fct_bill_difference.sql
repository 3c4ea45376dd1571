{{ built_by_month([{"columns": ["account_no", "bill_month"]}, {"columns": ["bill_month"]}]) }}

with shadow as (
    select
        account_no,
        bill_month,
        org_no,
        station_name_zh,
        district_name_zh,
        usage_category,
        usage_category_zh,
        bill_no,
        energy_kwh,
        shadow_yuan,
        coalesce(estimated_share, 0) as estimated_share
    from {{ ref("fct_shadow_bill") }}
    where status_code = 'calculated' {{ where_changed_month(word="and") }}
),

steps as (
    select * from {{ ref("int_bill_step") }}
    {{ where_changed_month() }}
),

bills as (
    select * from {{ ref("stg_cis__bill") }}
    {{ where_changed_month() }}
),

-- what is left of each part once energy and periods are the issued ones; a cent a line is rounding
left_over as (
    select
        steps.*,
        shadow.shadow_yuan,
        steps.amount_yuan - steps.period_step_yuan - steps.energy_left_yuan - steps.capacity_demand_left_yuan
        - steps.power_factor_left_yuan - steps.levies_left_yuan - steps.minimum_left_yuan
        - steps.rounding_left_yuan as unknown_left_yuan,
        0.01 * steps.lines as cents_yuan
    from steps
    inner join shadow on steps.bill_no = shadow.bill_no
),

parts as (
    select
        left_over.account_no,
        left_over.bill_month,
        left_over.bill_no,
        part.cause_code,
        part.difference_yuan
    from left_over
    cross join
        lateral (
            values
            (
                case when left_over.is_multiplied then 'multiplier' else 'energy' end,
                left_over.energy_step_yuan - left_over.shadow_yuan
            ),
            ('period_split', left_over.period_step_yuan - left_over.energy_step_yuan),
            (
                case
                    when left_over.is_other_tariff then 'tariff_version'
                    when abs(left_over.energy_left_yuan) <= left_over.cents_yuan then 'rounding'
                    when left_over.is_split then 'tariff_version'
                    when left_over.is_tiered then 'tier'
                    else 'other'
                end,
                left_over.energy_left_yuan
            ),
            (
                case
                    when left_over.is_other_tariff then 'tariff_version'
                    when abs(left_over.capacity_demand_left_yuan) <= 0.01 then 'rounding'
                    else 'capacity_or_demand'
                end,
                left_over.capacity_demand_left_yuan
            ),
            (
                case
                    when left_over.is_other_tariff then 'tariff_version'
                    when abs(left_over.power_factor_left_yuan) <= 0.01 then 'rounding'
                    else 'power_factor'
                end,
                left_over.power_factor_left_yuan
            ),
            (
                case
                    when left_over.is_other_tariff then 'tariff_version'
                    when abs(left_over.levies_left_yuan) <= 0.02 then 'rounding'
                    else 'levy'
                end,
                left_over.levies_left_yuan
            ),
            (case when left_over.is_other_tariff then 'tariff_version' else 'minimum' end, left_over.minimum_left_yuan),
            (
                case when left_over.is_other_tariff then 'tariff_version' else 'rounding' end,
                left_over.rounding_left_yuan
            ),
            ('other', left_over.unknown_left_yuan)
        ) as part (cause_code, difference_yuan)
    union all
    select account_no, bill_month, '', 'missing', -shadow_yuan
    from shadow
    where bill_no is null
    union all
    select bills.account_no, bills.bill_month, bills.bill_no, 'duplicate', bills.amount_yuan
    from bills
    inner join shadow
        on
            bills.account_no = shadow.account_no
            and bills.bill_month = shadow.bill_month
            and bills.bill_no != shadow.bill_no
),

summed as (
    select
        account_no,
        bill_month,
        bill_no,
        cause_code,
        sum(difference_yuan) as difference_yuan
    from parts
    group by account_no, bill_month, bill_no, cause_code
    having sum(difference_yuan) != 0
),

-- what hangs on readings is called wrong only beyond what estimates and the readings' own limits may explain; energy
-- counts at the price of the kWh that differ, which in tiers is not the average; estimates of kWh and kvarh go
-- together, so that they move the power factor by a step or two of the table at most
weighed as (
    select
        summed.*,
        shadow.org_no,
        shadow.station_name_zh,
        shadow.district_name_zh,
        shadow.usage_category,
        shadow.usage_category_zh,
        {{ var("bill_tolerance_yuan") }} + case
            when summed.cause_code in ('energy', 'period_split', 'tier')
                then
                    ({{ var("bill_tolerance_share") }} + shadow.estimated_share)
                    * greatest(shadow.shadow_yuan, shadow.energy_kwh * coalesce(steps.kwh_price_yuan, 0))
            when summed.cause_code = 'capacity_or_demand' then shadow.estimated_share * shadow.shadow_yuan
            when summed.cause_code = 'power_factor' then least(shadow.estimated_share, 0.01) * shadow.shadow_yuan
            else 0
        end as tolerance_yuan
    from summed
    inner join shadow on summed.account_no = shadow.account_no and summed.bill_month = shadow.bill_month
    left join steps on summed.bill_no = steps.bill_no and summed.cause_code = 'energy'
),

final as (
    select
        account_no,
        bill_month,
        bill_no,
        cause_code,
        org_no,
        station_name_zh,
        district_name_zh,
        usage_category,
        usage_category_zh,
        difference_yuan::numeric(18, 2) as difference_yuan,
        tolerance_yuan::numeric(18, 2) as tolerance_yuan,
        abs(difference_yuan) > tolerance_yuan::numeric(18, 2) as is_wrong,
        current_timestamp as built_at
    from weighed
)

select * from final
