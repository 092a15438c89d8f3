// The names that columns usually have, as they are compared: in small letters, letters and digits alone.

export const bareName = (column: string): string => column.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The column that has the first of the names that any has. */
export function columnNamed(columns: readonly string[], names: ReadonlySet<string>): string | undefined {
  for (const name of names) {
    const found = columns.find((column) => bareName(column) === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const set = (names: string): ReadonlySet<string> => new Set(names.split(' '));

export const USER_NAMES = set(
  'userid user uid reviewerid visitorid customerid customer accountid memberid profileid username personid ' +
    'clientid buyerid viewerid sessionid session',
);
export const ITEM_NAMES = set(
  'itemid item iid parentasin asin productid product sku movieid newsid articleid trackid songid bookid ' +
    'isbn gameid appid businessid recipeid videoid postid contentid goodsid stockcode id',
);
export const RATING_NAMES = set('rating ratings overall stars score reviewscore ratingvalue');
export const EVENT_NAMES = set('event eventtype eventname behavior behaviour behaviortype action actiontype');
export const TITLE_NAMES = set(
  'title itemtitle name itemname productname producttitle movietitle newstitle appname gamename booktitle ' +
    'trackname songname headline',
);
export const DESCRIPTION_NAMES = set(
  'description itemdescription productdescription abstract summary text plot',
);

// What is usual for the moment of an interaction, letters and digits alone. Names that also are usual for a
// duration (watch_time) or for something else's time (release_date) are not among them.
export const TIME_NAMES = new Set(
  (
    'timestamp timestamps timestampms timestampsec ts time times timems datetime date epoch unix unixtime ' +
    'unixtimestamp unixts utc utctime when eventtime eventtimestamp eventts eventdate eventat ' +
    'interactiontime interactiontimestamp interactiondate reviewtime reviewtimestamp reviewdate ' +
    'unixreviewtime ratingtime ratingtimestamp ratingdate ratedat createdat createdtime createtime ' +
    'createdate createdon creationtime creationdate occurredat happenedat loggedat recordedat reviewedat ' +
    'purchasetime purchasetimestamp purchasedate purchasedat boughtat ordertime orderdate orderedat ' +
    'transactiontime transactiondate transactiontimestamp tdat clicktime clickedat viewedat visitedat ' +
    'visittime visitdate playedat listenedat watchedat'
  ).split(' '),
);

const DOCUMENTED_TIME = 'timestamp';

/** The column of the documented name, or all that may be meant. */
export function timeColumns(columns: readonly string[]): string[] {
  const documented = columns.find((column) => column.toLowerCase() === DOCUMENTED_TIME);
  if (documented !== undefined) return [documented];
  return columns.filter((column) => TIME_NAMES.has(bareName(column)));
}
