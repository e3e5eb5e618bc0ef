create table app_updates(pid integer primary key, bundle_id text, item_name text, bundle_version text, state integer, install_date real, timestamp real);
insert into app_updates values(1,'com.example.notes','Notes Example','21',2,788918400.0,788918300.0);
insert into app_updates values(2,'com.example.shop',null,null,null,null,788918300.0);
create table purchase_history_apps(pid integer primary key, bundle_id text, title text, date_purchased real);
insert into purchase_history_apps values(1,'com.example.notes','Notes Example',700000000.0);
