with tags as (
    select * from {{ ref("customer_tag") }}
),

rules as (
    select * from {{ ref("customer_tag_rule") }}
),

accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

groups as (
    select
        coalesce(org_no, '') as org_no,
        coalesce(usage_category, '') as usage_category,
        max(station_name_zh) as station_name_zh,
        max(district_name_zh) as district_name_zh,
        max(usage_category_zh) as usage_category_zh,
        count(*) as accounts
    from accounts
    group by coalesce(org_no, ''), coalesce(usage_category, '')
),

tagged as (
    select
        tag_code,
        coalesce(org_no, '') as org_no,
        coalesce(usage_category, '') as usage_category,
        count(*) as accounts_tagged
    from tags
    group by tag_code, coalesce(org_no, ''), coalesce(usage_category, '')
),

-- a tag that nobody in a group has earned has a row there too: shares keep their whole
final as (
    select
        rules.tag_code,
        groups.org_no,
        groups.usage_category,
        groups.station_name_zh,
        groups.district_name_zh,
        groups.usage_category_zh,
        rules.tag_zh,
        rules.tag_en,
        rules.tag_group,
        rules.measure_code,
        rules.comparison,
        rules.threshold,
        rules.why_zh,
        rules.why as why_en,
        groups.accounts,
        coalesce(tagged.accounts_tagged, 0) as accounts_tagged,
        as_of.settled_as_of as tagged_date,
        current_timestamp as built_at
    from groups
    cross join rules
    cross join as_of
    left join tagged
        on
            rules.tag_code = tagged.tag_code
            and groups.org_no = tagged.org_no
            and groups.usage_category = tagged.usage_category
)

select * from final
