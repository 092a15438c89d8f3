// The words of the synthetic catalogue: twelve hidden categories, each with brands, products and features of
// its own, and words that all of them share. The order of `products` is the order in which people tend to go
// on to the next.

export interface Vocabulary {
  readonly name: string;
  readonly brands: readonly string[];
  readonly products: readonly string[];
  readonly features: readonly string[];
  readonly uses: readonly string[];
}

const list = (words: string) => words.split(', ');

function vocabulary(
  name: string,
  brands: string,
  products: string,
  features: string,
  uses: string,
): Vocabulary {
  return { name, brands: list(brands), products: list(products), features: list(features), uses: list(uses) };
}

export const VOCABULARIES: readonly Vocabulary[] = [
  vocabulary(
    'camping',
    'Ridgeline, Northfell, Emberlake',
    'Trail Tent, Sleeping Bag, Foam Mat, Gas Stove, Cook Pot, Headlamp, Water Filter, Dry Sack, Hammock, ' +
      'Camp Chair',
    '2-Person, Ultralight, Down-Filled, Ripstop, Windproof, Three-Season',
    'nights below the tree line, long weekend hikes, wet mountain mornings, the campfire',
  ),
  vocabulary(
    'baking',
    'Millstone, Oven & Oak, Sweetcrumb',
    'Loaf Tin, Mixing Bowl, Rolling Pin, Bread Flour, Dough Scraper, Proofing Basket, Cake Stand, Piping ' +
      'Bag, Cookie Cutter, Sourdough Starter',
    'Nonstick, Stoneware, Beechwood, Organic, Springform, Silicone',
    'crusty bread, birthday cakes, a tray of biscuits, rising dough',
  ),
  vocabulary(
    'cycling',
    'Velocrest, Gearbox Nine, Tarmac & Co',
    'Inner Tube, Tyre Lever, Floor Pump, Chain Oil, Brake Pads, Saddle, Handlebar Tape, Bike Light, ' +
      'Helmet, Pannier',
    'Tubeless, Carbon, Reflective, Aerodynamic, Puncture-Proof, 11-Speed',
    'the daily commute, gravel roads, steep climbs, club rides',
  ),
  vocabulary(
    'gardening',
    'Greenspade, Fernwell, Thornbury',
    'Seed Tray, Potting Soil, Hand Trowel, Watering Can, Pruning Shears, Tomato Cage, Garden Hose, Leaf ' +
      'Rake, Compost Bin, Bird Feeder',
    'Galvanised, Peat-Free, Perennial, Frost-Hardy, Raised-Bed, Slow-Release',
    'vegetable beds, rose borders, small balconies, the greenhouse',
  ),
  vocabulary(
    'photography',
    'Lumenara, Aperta, Halcyon Optics',
    'Prime Lens, Lens Cap, Tripod, Memory Card, Camera Strap, Flash Diffuser, Light Meter, Polarising ' +
      'Filter, Camera Backpack, Photo Paper',
    '50mm, Wide-Angle, Full-Frame, Anti-Glare, Telephoto, Matte',
    'portraits at dusk, street scenes, studio work, wildlife at a distance',
  ),
  vocabulary(
    'aquariums',
    'Coralwise, Bluefin & Reed, Tidepool',
    'Glass Tank, Canister Filter, Air Pump, Gravel Substrate, Water Heater, Fish Flakes, Plant Fertiliser, ' +
      'Algae Scrubber, Test Strips, Driftwood Ornament',
    'Freshwater, 60-Litre, Submersible, Quiet-Flow, Nano, Saltwater',
    'neon tetras, planted tanks, shrimp colonies, coral reefs',
  ),
  vocabulary(
    'knitting',
    'Woolhaven, Purl & Plain, Heathermoor',
    'Merino Yarn, Circular Needles, Crochet Hook, Stitch Markers, Row Counter, Tapestry Needle, Sock ' +
      'Blockers, Pattern Book, Yarn Bowl, Blocking Pins',
    'Hand-Dyed, Worsted, Bamboo, Chunky, Double-Pointed, Lace-Weight',
    'warm sweaters, baby blankets, cabled socks, winter scarves',
  ),
  vocabulary(
    'woodworking',
    'Sawyer & Sons, Grainmark, Ironbench',
    'Block Plane, Bench Chisel, Marking Gauge, Dovetail Saw, Bar Clamp, Wood Glue, Sandpaper, Router Bit, ' +
      'Linseed Oil, Workbench Vise',
    'Hardened, 120-Grit, Carbide, Quick-Release, Hardwood, Bevel-Edge',
    'dovetail joints, oak shelves, small boxes, the bench at home',
  ),
  vocabulary(
    'coffee',
    'Roastwell, Crema Nord, Third Kettle',
    'Espresso Beans, Burr Grinder, Pour-Over Dripper, Paper Filters, Gooseneck Kettle, Milk Frother, ' +
      'Tamper, Portafilter, Cold Brew Jar, Descaling Powder',
    'Single-Origin, Ceramic, Dark-Roast, Bottomless, Decaf, Stovetop',
    'a flat white, slow mornings, iced drinks, the office kitchen',
  ),
  vocabulary(
    'astronomy',
    'Polaris Works, Nebulon, Farfield',
    'Reflector Telescope, Eyepiece, Barlow Lens, Star Chart, Red Flashlight, Finder Scope, Moon Filter, ' +
      'Equatorial Mount, Collimation Laser, Observing Chair',
    'Dobsonian, Parabolic, 8-Inch, Go-To, Achromatic, Wide-Field',
    "Saturn's rings, faint galaxies, meteor showers, lunar craters",
  ),
  vocabulary(
    'running',
    'Stridewell, Paceline, Fleetfoot',
    'Road Shoes, Compression Socks, Race Belt, Energy Gel, Hydration Vest, Running Shorts, Foam Roller, ' +
      'GPS Watch, Blister Plasters, Rain Jacket',
    'Cushioned, Breathable, Seamless, Zero-Drop, Moisture-Wicking, Marathon',
    'interval sessions, a first marathon, muddy cross-country, recovery days',
  ),
  vocabulary(
    'painting',
    'Palette Rouge, Sable & Ochre, Studio Lind',
    'Watercolour Set, Round Brush, Canvas Panel, Acrylic Tube, Palette Knife, Easel, Masking Fluid, Gesso ' +
      'Primer, Sketchbook, Varnish',
    'Cold-Pressed, Lightfast, Hog-Bristle, Cadmium, Stretched, Fine-Art',
    'loose landscapes, still lifes, botanical studies, bold abstracts',
  ),
];

export const SHARED_BRANDS = list('Commonplace, Everday, Basic Goods');
export const SHARED_FEATURES = list('Compact, Classic, Premium, Durable, Lightweight, Large');
export const SHARED_SENTENCES = [
  'Ships in a recycled box with a two-year guarantee.',
  'Easy to clean and simple to store.',
  'A popular gift for beginners and old hands alike.',
  'Made in small batches and checked by hand.',
  'Comes with instructions in six languages.',
];
