{{ config(indexes=[{"columns": ["calendar_code", "business_date", "local_hour"], "unique": true}]) }}

with rules as (
    select * from {{ ref("tou_period") }}
),

days as (
    select * from {{ ref("stg_calendar__day") }}
),

-- of the rules that hold for an hour the one with the highest priority counts
final as (
    select distinct on (rules.calendar_code, days.business_date, hours.local_hour)
        rules.calendar_code,
        days.business_date,
        hours.local_hour,
        rules.period_code
    from rules
    inner join days
        on
            rules.valid_from <= days.business_date
            and (rules.valid_to is null or rules.valid_to > days.business_date)
            and extract(month from days.business_date)::text = any(string_to_array(rules.months, ' '))
            and (
                rules.day_type in ('any', days.day_type)
                or (rules.day_type = 'festival' and days.is_festival)
            )
    cross join lateral generate_series(rules.start_hour, rules.end_hour - 1) as hours (local_hour)
    order by rules.calendar_code asc, days.business_date asc, hours.local_hour asc, rules.priority desc
)

select * from final
