{{ built_by_month([{"columns": ["account_no", "bill_month"], "unique": true}, {"columns": ["bill_month"]}]) }}

with shadow as (
    select * from {{ ref("fct_shadow_bill") }}
    where status_code = 'calculated' and bill_no is not null {{ where_changed_month(word="and") }}
),

issued as (
    select * from {{ ref("int_bill_issued") }}
    {{ where_changed_month() }}
),

determinants as (
    select * from {{ ref("int_bill_determinant") }}
    {{ where_changed_month() }}
),

lines as (
    select * from {{ ref("fct_bill_line") }}
    {{ where_changed_month() }}
),

prices as (
    select * from {{ ref("int_tariff_unit_price") }}
),

differing as (
    select
        issued.*,
        shadow.energy_kwh as shadow_kwh,
        shadow.shadow_yuan,
        shadow.estimated_share,
        shadow.segments,
        -- a bill that is off by a simple ratio was multiplied by another ratio of transformers
        round(2 * issued.energy_kwh / nullif(shadow.energy_kwh, 0)) / 2 as simple_ratio
    from shadow
    inner join issued on shadow.bill_no = issued.bill_no
    where issued.amount_yuan != shadow.shadow_yuan
),

tiered as (
    select distinct
        account_no,
        bill_month
    from determinants
    where tier_basis != 'none'
),

-- lines at a price that none of the month's contract and tariff versions has
strange as (
    select distinct lines.bill_no
    from lines
    inner join differing on lines.bill_no = differing.bill_no
    where
        lines.line_kind_code in ('energy', 'capacity', 'demand', 'levies')
        and lines.quantity != 0
        and not exists (
            select 1
            from determinants
            inner join prices on determinants.tariff_key = prices.tariff_key
            where
                determinants.account_no = differing.account_no
                and determinants.bill_month = differing.bill_month
                and prices.line_kind_code = lines.line_kind_code
                and prices.unit_price_yuan = lines.unit_price_yuan
        )
),

judged as (
    select
        differing.*,
        strange.bill_no is not null as is_other_tariff,
        differing.simple_ratio not in (0, 1)
        and abs(differing.energy_kwh - differing.simple_ratio * differing.shadow_kwh)
        <= 0.1
        + ({{ var("bill_tolerance_share") }} + coalesce(differing.estimated_share, 0)) * differing.energy_kwh
            as is_multiplied
    from differing
    left join strange on differing.bill_no = strange.bill_no
),

-- what was used, step by step as the issued bill has it: its energy, then its periods
scaled as (
    select
        determinants.*,
        judged.bill_no,
        judged.is_by_period and not judged.is_other_tariff as takes_periods,
        judged.energy_kwh as issued_kwh,
        judged.shadow_kwh,
        case when judged.is_multiplied then judged.simple_ratio else 1 end as multiplied,
        case when judged.shadow_kwh > 0 then judged.energy_kwh / judged.shadow_kwh else 0 end as factor,
        count(*) over of_bill as last_segment_no,
        judged.sharp_kwh as issued_sharp_kwh,
        judged.peak_kwh as issued_peak_kwh,
        judged.flat_kwh as issued_flat_kwh,
        judged.valley_kwh as issued_valley_kwh,
        judged.deep_valley_kwh as issued_deep_valley_kwh,
        sum(determinants.sharp_kwh) over of_bill as month_sharp_kwh,
        sum(determinants.peak_kwh) over of_bill as month_peak_kwh,
        sum(determinants.flat_kwh) over of_bill as month_flat_kwh,
        sum(determinants.valley_kwh) over of_bill as month_valley_kwh,
        sum(determinants.deep_valley_kwh) over of_bill as month_deep_valley_kwh
    from determinants
    inner join judged
        on determinants.account_no = judged.account_no and determinants.bill_month = judged.bill_month
    window of_bill as (partition by determinants.account_no, determinants.bill_month)
),

with_energy as (
    select
        *,
        round(sharp_kwh * factor, 2) as new_sharp_kwh,
        round(peak_kwh * factor, 2) as new_peak_kwh,
        round(flat_kwh * factor, 2) as new_flat_kwh,
        round(valley_kwh * factor, 2) as new_valley_kwh,
        round(deep_valley_kwh * factor, 2) as new_deep_valley_kwh
    from scaled
),

stepped as (
    select
        'energy' as case_code,
        account_no,
        bill_month,
        segment_no,
        tariff_key,
        household_code,
        days,
        month_days,
        contract_capacity_kva,
        capacity_charge_basis,
        power_factor_standard,
        year_before_kwh,
        new_sharp_kwh as sharp_kwh,
        new_peak_kwh as peak_kwh,
        -- what rounding left over, so that the energy is the issued one
        new_flat_kwh + case
            when segment_no = last_segment_no
                then
                    issued_kwh - sum(
                        new_sharp_kwh + new_peak_kwh + new_flat_kwh + new_valley_kwh + new_deep_valley_kwh
                    ) over (partition by account_no, bill_month)
            else 0
        end as flat_kwh,
        new_valley_kwh as valley_kwh,
        new_deep_valley_kwh as deep_valley_kwh,
        import_kvarh * multiplied as import_kvarh,
        max_demand_kw * multiplied as max_demand_kw
    from with_energy
    union all
    select
        'period',
        account_no,
        bill_month,
        segment_no,
        tariff_key,
        household_code,
        days,
        month_days,
        contract_capacity_kva,
        capacity_charge_basis,
        power_factor_standard,
        year_before_kwh,
        -- each segment's part of the issued period; without one, all in the last segment
        {% for period in ["sharp", "peak", "flat", "valley", "deep_valley"] -%}
            case
                when month_{{ period }}_kwh > 0
                    then round(issued_{{ period }}_kwh * {{ period }}_kwh / month_{{ period }}_kwh, 2)
                when segment_no = last_segment_no then issued_{{ period }}_kwh
                else 0
            end,
        {% endfor -%}
        import_kvarh * multiplied,
        max_demand_kw * multiplied
    from with_energy
    where takes_periods
),

rated as (
    {{ rate("stepped") }}
),

summed as (
    select
        account_no,
        bill_month,
        case_code,
        sum(amount_yuan) as total_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code in ('energy', 'tier_surcharge')), 0) as energy_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code in ('capacity', 'demand')), 0) as capacity_demand_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'power_factor'), 0) as power_factor_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'levies'), 0) as levies_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'minimum'), 0) as minimum_yuan,
        coalesce(sum(amount_yuan) filter (where line_kind_code = 'rounding'), 0) as rounding_yuan
    from rated
    group by account_no, bill_month, case_code
),

final as (
    select
        judged.account_no,
        judged.bill_month,
        judged.bill_no,
        judged.is_other_tariff,
        judged.is_multiplied,
        judged.segments > 1 as is_split,
        tiered.account_no is not null as is_tiered,
        judged.lines,
        coalesce(energy.total_yuan, 0)::numeric(18, 2) as energy_step_yuan,
        coalesce(period.total_yuan, energy.total_yuan, 0)::numeric(18, 2) as period_step_yuan,
        abs((coalesce(energy.total_yuan, 0) - judged.shadow_yuan) / nullif(judged.energy_kwh - judged.shadow_kwh, 0))
            as kwh_price_yuan,
        {% for part in ["energy", "capacity_demand", "power_factor", "levies", "minimum", "rounding"] -%}
            (judged.{{ part }}_yuan - coalesce(period.{{ part }}_yuan, energy.{{ part }}_yuan, 0))::numeric(18, 2)
                as {{ part }}_left_yuan,
        {% endfor -%}
        judged.amount_yuan
    from judged
    left join tiered on judged.account_no = tiered.account_no and judged.bill_month = tiered.bill_month
    left join summed as energy
        on
            judged.account_no = energy.account_no
            and judged.bill_month = energy.bill_month
            and energy.case_code = 'energy'
    left join summed as period
        on
            judged.account_no = period.account_no
            and judged.bill_month = period.bill_month
            and period.case_code = 'period'
)

select * from final
