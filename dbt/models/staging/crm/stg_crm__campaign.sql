with source as (
    select * from {{ source("crm", "campaign") }}
),

final as (
    select
        source.campaign_no::text as campaign_no,
        source.name_zh::text as name_zh,
        source.name_en::text as name_en,
        source.product_code::text as product_code,
        source.channel::text as channel_code,
        source.list_date::date as listed_date,
        source.start_date::date as start_date,
        source.end_date::date as end_date,
        source.holdout_share::numeric(5, 4) as holdout_share,
        source.budget_yuan::numeric(18, 2) as budget_yuan,
        source.status::text as status_code
    from source
)

select * from final
