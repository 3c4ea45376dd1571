{{ built_by_date([{"columns": ["business_date"]}]) }}

with transformer_hours as (
    select * from {{ source("ami", "transformer_hour") }}
    {{ where_changed() }}
),

feeder_hours as (
    select * from {{ source("ami", "feeder_hour") }}
    {{ where_changed() }}
),

transformers as (
    select * from {{ ref("dim_transformer") }}
),

feeders as (
    select * from {{ ref("stg_network__feeder") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

-- a day is measured when each of its hours is: a missing boundary hour must not look like theft or a gain.
-- What customers feed in is supply of the area as well
transformer_days as (
    select
        'transformer' as level_code,
        h.transformer_no as level_no,
        h.business_date,
        t.org_no,
        case when count(h.supplied_kwh) = count(*) then sum(h.supplied_kwh + h.generation_kwh) end as supplied,
        sum(h.sold_kwh) as sold,
        sum(h.supplied_estimated_kwh + h.sold_estimated_kwh) as estimated
    from transformer_hours as h
    left join transformers as t on h.transformer_no = t.transformer_no
    group by h.transformer_no, h.business_date, t.org_no
),

feeder_days as (
    select
        'feeder' as level_code,
        h.feeder_no as level_no,
        h.business_date,
        f.org_no,
        case when count(h.supplied_kwh) = count(*) then sum(h.supplied_kwh + h.generation_kwh) end as supplied,
        sum(h.sold_kwh) as sold,
        sum(h.supplied_estimated_kwh + h.sold_estimated_kwh) as estimated
    from feeder_hours as h
    left join feeders as f on h.feeder_no = f.feeder_no
    group by h.feeder_no, h.business_date, f.org_no
),

station_days as (
    select
        'station' as level_code,
        org_no as level_no,
        business_date,
        org_no,
        case when count(supplied) = count(*) then sum(supplied) end as supplied,
        sum(sold) as sold,
        sum(estimated) as estimated
    from feeder_days
    where org_no is not null
    group by org_no, business_date
),

company_days as (
    select
        'company' as level_code,
        o.company_no as level_no,
        f.business_date,
        o.company_no as org_no,
        case when count(f.supplied) = count(*) then sum(f.supplied) end as supplied,
        sum(f.sold) as sold,
        sum(f.estimated) as estimated
    from feeder_days as f
    inner join organisations as o on f.org_no = o.org_no
    group by o.company_no, f.business_date
),

-- by voltage (分压): what leaves 10 kV is what enters the areas of public transformers, and what is sold before them.
-- A dedicated transformer is its customer's, who is metered in front of it
areas as (
    select
        d.business_date,
        o.company_no,
        case when count(d.supplied) = count(*) then sum(d.supplied) end as supplied,
        sum(d.sold) as sold,
        sum(d.estimated) as estimated
    from transformer_days as d
    inner join transformers as t on d.level_no = t.transformer_no
    inner join organisations as o on d.org_no = o.org_no
    where t.ownership_code = 'public'
    group by d.business_date, o.company_no
),

voltage_days as (
    select
        'voltage' as level_code,
        company_no || '-0.4kV' as level_no,
        business_date,
        company_no as org_no,
        supplied,
        sold,
        estimated
    from areas
    union all
    select
        'voltage',
        c.level_no || '-10kV',
        c.business_date,
        c.org_no,
        -- what leaves is not known while one of the areas is unmeasured
        case when a.company_no is null or a.supplied is not null then c.supplied end,
        c.sold + coalesce(a.supplied - a.sold, 0),
        c.estimated + coalesce(a.estimated, 0)
    from company_days as c
    left join areas as a on c.level_no = a.company_no and c.business_date = a.business_date
),

levels as (
    select * from transformer_days
    union all
    select * from feeder_days
    union all
    select * from station_days
    union all
    select * from company_days
    union all
    select * from voltage_days
),

-- rounded first, so that the balance closes to the last digit
rounded as (
    select
        level_code,
        level_no,
        business_date,
        org_no,
        supplied::numeric(18, 3) as supplied_kwh,
        sold::numeric(18, 3) as sold_kwh,
        estimated::numeric(18, 3) as estimated_kwh
    from levels
),

rates as (
    select
        *,
        (supplied_kwh - sold_kwh)::numeric(18, 3) as loss_kwh,
        (supplied_kwh - sold_kwh) / nullif(supplied_kwh, 0) as rate,
        {{ var("estimate_error_share") }} * estimated_kwh / nullif(supplied_kwh, 0) as half_width,
        {{ high_loss_limit("level_code") }} as high_limit
    from rounded
),

final as (
    select
        rates.level_code,
        rates.level_no,
        rates.business_date,
        rates.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        rates.supplied_kwh,
        rates.sold_kwh,
        rates.loss_kwh,
        rates.rate::numeric(18, 6) as loss_rate,
        (rates.rate - rates.half_width)::numeric(18, 6) as loss_rate_low,
        (rates.rate + rates.half_width)::numeric(18, 6) as loss_rate_high,
        rates.estimated_kwh,
        case
            when rates.supplied_kwh is null then 'unmeasured'
            when rates.rate - rates.half_width > rates.high_limit then 'high_loss'
            when rates.rate + rates.half_width < 0 then 'negative_loss'
            -- nothing came in, yet more than the estimates was sold
            when rates.supplied_kwh = 0 and rates.sold_kwh > rates.estimated_kwh then 'negative_loss'
            else 'normal'
        end as balance_class,
        current_timestamp as built_at
    from rates
    left join organisations on rates.org_no = organisations.org_no
)

select * from final
